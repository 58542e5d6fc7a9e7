#!/bin/sh
# Prints the Python to build the environment with: $PYTHON, else the first on the PATH that is 3.11-3.13 and has venv.
# Says in one sentence what is missing otherwise.

without_venv=""
for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python}; do
    found=$(command -v "$candidate" 2>/dev/null) || continue
    "$found" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1 || continue
    if "$found" -c 'import venv, ensurepip' >/dev/null 2>&1; then
        echo "$found"
        exit 0
    fi
    without_venv=$found
done
if [ -n "$without_venv" ]; then
    echo "$without_venv lacks the venv module: install it (Debian and Ubuntu: apt install python3-venv) and run make again." >&2
else
    echo "Kurogo needs Python 3.11, 3.12 or 3.13, and none is on the PATH: install one, or name it with make PYTHON=/path/to/python." >&2
fi
exit 1
