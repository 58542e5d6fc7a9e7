"""What a program writes about a fault says where it happened, and nothing of what its variables held."""

import structlog

SECRET = "sk_live_canary"


def _fail(token):
    raise ValueError(f"{len(token)} characters")


def _logged(log):
    try:
        _fail(SECRET)
    except ValueError:
        return log.exception("vendor.call", connection="Stripe")


def test_a_traceback_names_places_and_no_values():
    said = _logged(structlog.wrap_logger(structlog.ReturnLogger()))

    assert "vendor.call" in said
    assert "in _fail" in said
    assert "ValueError: 14 characters" in said
    assert SECRET not in said


def test_a_renderer_that_shows_variables_would_have_told_it():
    talkative = structlog.dev.ConsoleRenderer(
        exception_formatter=structlog.dev.RichTracebackFormatter(color_system=None)
    )

    assert SECRET in _logged(structlog.wrap_logger(structlog.ReturnLogger(), processors=[talkative]))
