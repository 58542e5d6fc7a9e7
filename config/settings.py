"""Every setting of the installation, read from the environment once; nothing here depends on who is asking.

`DATABASE_URL`, `BROKER_URL`, `SECRET_KEY`, `KUROGO_KEYSET` and friends are described in docs/operations.md. `manage.py up`
sets them for its children, so a newcomer sets none.
"""

from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
PUBLIC_ADDRESS = env.str("PUBLIC_ADDRESS", default="http://localhost:8000")
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
SANDBOX_TOKEN = env.str("KUROGO_SANDBOX_TOKEN", default="")

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
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
    "apps.staff",
]

MIDDLEWARE = [
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
            ],
        },
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

LANGUAGE_CODE = "ja"
LANGUAGES = [("ja", _("Japanese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.str("KUROGO_TIME_ZONE", default="Asia/Tokyo")
USE_TZ = True

STATIC_URL = "static/"
# Served out of the packages and static/ by the web process; `collectstatic` is for those who put a CDN in front.
STATIC_ROOT = env.str("STATIC_ROOT", default=None)
WHITENOISE_USE_FINDERS = True
STATICFILES_DIRS = [BASE_DIR / "static"]

BROKER_URL = env.str("BROKER_URL", default="")

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
