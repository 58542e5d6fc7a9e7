"""Every setting of the installation, read from the environment once; nothing here depends on who is asking.

`DATABASE_URL`, `BROKER_URL`, `SECRET_KEY`, `KUROGO_KEYSET` and friends are described in docs/operations.md. `manage.py up`
sets them for its children, so a newcomer sets none.
"""

import sys
from pathlib import Path
from urllib.parse import urlsplit

import environ
import structlog
from csp.constants import NONE, SELF

from apps.core import scrub
from config import schedule

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="")
PUBLIC_ADDRESS = env.str("PUBLIC_ADDRESS", default="http://localhost:8000")
_public = urlsplit(PUBLIC_ADDRESS)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]", _public.hostname or "localhost"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[f"{_public.scheme}://{_public.netloc}"])
IS_DEMO = env.bool("KUROGO_DEMO", default=False)

# Kurogo's own
DATA_DIR = Path(env.str("KUROGO_DATA", default=str(BASE_DIR / ".data")))
KEYSET = env.str("KUROGO_KEYSET", default="")
# A file of eight bytes that holds the business time of a rehearsal; empty means business time is wall time.
CLOCK_FILE = env.str("KUROGO_CLOCK_FILE", default="")
# host:port pairs on private addresses that connectors may reach; set by the operator, never by a row in the database.
PRIVATE_PEERS = env.list("KUROGO_PRIVATE_PEERS", default=[])
SWEEP_SECONDS = env.float("KUROGO_SWEEP_SECONDS", default=1.0)
HOOK_MAX_BYTES = env.int("KUROGO_HOOK_MAX_BYTES", default=8 * 1024 * 1024)
SANDBOX_ADDRESS = env.str("KUROGO_SANDBOX", default="")
METRICS_TOKEN = env.str("KUROGO_METRICS_TOKEN", default="")
SANDBOX_TOKEN = env.str("KUROGO_SANDBOX_TOKEN", default="")
# Where the shop sells from: the country whose tax rates apply to lines for which the channel names none.
KUROGO_COUNTRY = env.str("KUROGO_COUNTRY", default="JP")

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "config.apps.RecordRoomConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "pgtrigger",
    "pghistory",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_celery_beat",
    "django_htmx",
    "csp",
    "rest_framework",
    "django_filters",
    "oauth2_provider",
    "drf_spectacular",
    "apps.core",
    "apps.hub",
    "apps.ledger",
    "apps.catalog",
    "apps.customers",
    "apps.inventory",
    "apps.orders",
    "apps.payments",
    "apps.shipping",
    "apps.channels",
    "apps.messaging",
    "apps.reconciliation",
    "apps.flows",
    "apps.sandbox",
    "apps.api",
    "apps.staff",
]

MIDDLEWARE = [
    "apps.staff.request_ids.RequestIds",
    "apps.staff.watching.Metered",
    "apps.staff.middleware.DemoStaysAtHome",
    "apps.staff.watching.Alive",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "apps.staff.middleware.Door",
    "apps.core.history.HistoryMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "apps.staff.context.staff",
            ],
        },
    },
    {  # plain text: nothing is HTML in it, so nothing is escaped for HTML
        "NAME": "letters",
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {"autoescape": False},
    },
]

# Truth lives in PostgreSQL. SQLite is never a silent fallback: without DATABASE_URL every query fails with one clear sentence.
DATABASES = {
    "default": env.db("DATABASE_URL") if env.str("DATABASE_URL", default="") else {"ENGINE": "django.db.backends.dummy"}
}
DATABASES["default"].setdefault("CONN_MAX_AGE", env.int("CONN_MAX_AGE", default=0))
DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = env.bool("DISABLE_SERVER_SIDE_CURSORS", default=True)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "apps.staff.accounts.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "apps.staff.forms.Login",
    "reauthenticate": "apps.staff.forms.Reauthenticate",
    "change_password": "apps.staff.forms.ChangePassword",
}
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]  # the door is closed; named, or mail is demanded
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
MFA_ADAPTER = "apps.staff.accounts.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "apps.staff.forms.Authenticate",
    "reauthenticate": "apps.staff.forms.ReauthenticateBySecondFactor",
    "activate_totp": "apps.staff.forms.ActivateTOTP",
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # people are made by an owner, never by signing up with a stranger's address
# Behind a proxy, how many of them stand between us and the browser; 0 believes no header.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("KUROGO_PROXIES", default=0)
if ALLAUTH_TRUSTED_PROXY_COUNT:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Rate limits and used codes are counted where every process sees them and where a dead broker does not take them along.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "staff_cache",
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    }
}

IS_HTTPS = _public.scheme == "https"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_NAME = "__Host-session" if IS_HTTPS else "kurogo-session"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
CSRF_COOKIE_NAME = "__Host-csrf" if IS_HTTPS else "kurogo-csrf"
LANGUAGE_COOKIE_NAME = "kurogo-language"
LANGUAGE_COOKIE_AGE = 365 * 24 * 60 * 60
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if IS_HTTPS else 0

LANGUAGE_CODE = "ja"
LANGUAGES = [("ja", "日本語"), ("en", "English")]  # each in its own tongue, so that whoever is lost finds theirs
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.str("KUROGO_TIME_ZONE", default="Asia/Tokyo")
USE_TZ = True

STATIC_URL = "static/"
# Served out of the packages and static/ by the web process; `collectstatic` is for those who put a CDN in front.
STATIC_ROOT = env.str("STATIC_ROOT", default=None)
WHITENOISE_USE_FINDERS = True
STATICFILES_DIRS = [BASE_DIR / "static"]

BROKER_URL = env.str("BROKER_URL", default="")

SCHEDULE = schedule.SCHEDULE
# How often every channel is asked for its orders; 0: each as its rule or its connector says, and gaps in numbers are looked after.
POLL_MINUTES = env.int("KUROGO_POLL_MINUTES", default=0)
# How long raw payloads are kept, for questions and replay.
PAYLOAD_DAYS = env.int("KUROGO_PAYLOAD_DAYS", default=400)
# The same for one class of them: what came in, what was sent, rows of files that were set aside.
NOTICE_DAYS = env.int("KUROGO_NOTICE_DAYS", default=PAYLOAD_DAYS)
CALL_DAYS = env.int("KUROGO_CALL_DAYS", default=PAYLOAD_DAYS)
SET_ASIDE_DAYS = env.int("KUROGO_SET_ASIDE_DAYS", default=PAYLOAD_DAYS)
# A file outside the database that holds the audit trail's newest seal; empty: none is kept.
AUDIT_HEAD = env.str("KUROGO_AUDIT_HEAD", default=str(DATA_DIR / "audit-head.json"))
# How long the text and address of a letter to a customer are kept.
LETTER_DAYS = env.int("KUROGO_LETTER_DAYS", default=PAYLOAD_DAYS)

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# The REST door (apps/api)
API_MAX_BYTES = env.int("KUROGO_API_MAX_BYTES", default=1024 * 1024)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["apps.api.access.Bearer"],
    "DEFAULT_PERMISSION_CLASSES": ["apps.api.access.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["apps.api.access.PerClient"],
    "DEFAULT_THROTTLE_RATES": {
        "client": env.str("KUROGO_API_RATE", default="600/min"),
        "token": env.str("KUROGO_TOKEN_RATE", default="30/min"),
    },
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["apps.api.parsing.Body"],
    "DEFAULT_PAGINATION_CLASS": "apps.api.paging.Newest",
    "DEFAULT_SCHEMA_CLASS": "apps.api.schema.Described",
    "EXCEPTION_HANDLER": "apps.api.problems.handle",
    "UNAUTHENTICATED_USER": None,
    "NUM_PROXIES": ALLAUTH_TRUSTED_PROXY_COUNT,
}
OAUTH2_PROVIDER_APPLICATION_MODEL = "api.Client"
OAUTH2_PROVIDER = {
    "SCOPES_BACKEND_CLASS": "apps.api.scopes.ClientScopes",
    "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,  # tokens are kept as digests
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Kurogo",
    "DESCRIPTION": "Orders, products, stock and what belongs to them. Amounts are integers in minor units of their currency.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "apps.api.schema.complete"],
}

# The record room (apps/staff/site.py): the staff UI's indigo and black instead of Unfold's purple
UNFOLD = {
    "SITE_TITLE": "Kurogo",
    "SITE_HEADER": "Kurogo",
    "SITE_URL": "/",
    "SITE_SYMBOL": "inventory_2",
    "SCRIPTS": [f"/{STATIC_URL}staff/admin.js"],
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": f"/{STATIC_URL}staff/icon.svg"}],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "5px",
    "COLORS": {
        "primary": {
            "50": "#edf2fc",
            "100": "#dbe5f8",
            "200": "#bccef2",
            "300": "#a3bcf7",
            "400": "#6f8fd8",
            "500": "#3f66bb",
            "600": "#2a4d9b",
            "700": "#223f80",
            "800": "#1d3467",
            "900": "#1a2b52",
            "950": "#101a33",
        },
    },
}

# Programs log to their own standard error, in words or (KUROGO_LOG=json) as one JSON object a line. Tracebacks are the plain
# ones: a renderer that shows what the variables held would write secrets and people's addresses down.
_LINE: list[structlog.types.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    scrub.in_lines,
]
_RENDERED: structlog.types.Processor = (
    structlog.processors.JSONRenderer(ensure_ascii=False)
    if env.str("KUROGO_LOG", default="text") == "json"
    else structlog.dev.ConsoleRenderer(colors=False)
)
structlog.configure(processors=[*_LINE, _RENDERED], logger_factory=structlog.PrintLoggerFactory(sys.stderr))
# Django's and the packages' own lines go the same way. An HTTP client's line a call is not news.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": [structlog.stdlib.add_logger_name, *_LINE],
            "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, _RENDERED],
        }
    },
    "handlers": {"lines": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["lines"], "level": "WARNING"},
    "loggers": {name: {"level": "WARNING"} for name in ("httpx2", "httpcore2", "stripe")},
}
