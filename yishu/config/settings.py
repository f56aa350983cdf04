"""Django settings, derived from ``config.environment``. Nothing here reads os.environ itself, except for tests' databases."""

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from yishu.config.environment import Environment, read_environment
from yishu.config.secrets import secret_text

ENVIRONMENT: Environment = read_environment()
SECRET_KEY = secret_text(ENVIRONMENT.home, "django-secret")
DEBUG = ENVIRONMENT.debug
ALLOWED_HOSTS = [urlsplit(ENVIRONMENT.public_url).hostname or "127.0.0.1", "127.0.0.1", "localhost"]


def _database(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or 5432),
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


def database_url() -> str:
    """The control plane's database: a test database, the operator's, or the embedded one (its address file)."""
    given = os.environ.get("YISHU_TEST_DATABASE_URL") or ENVIRONMENT.database_url
    if given:
        return given
    address = ENVIRONMENT.home / "postgres" / "url"
    return address.read_text().strip() if address.exists() else "postgresql://yishu@127.0.0.1:1/yishu"


DATABASES = {"default": _database(database_url())}
AUTH_USER_MODEL = "orgs.Person"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "axes",
    "procrastinate.contrib.django",
    "yishu.pages",
    "yishu.ledger",
    "yishu.orgs",
    "yishu.cases",
    "yishu.catalogue",
    "yishu.collection",
    "yishu.sharing",
    "yishu.config",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "axes.middleware.AxesMiddleware",
]
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "allauth.account.auth_backends.AuthenticationBackend"]
ROOT_URLCONF = "yishu.config.urls"
WSGI_APPLICATION = "yishu.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]
LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True
STATIC_URL = "/static/"
STATIC_ROOT = ENVIRONMENT.home / "static"
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25
"""Hours; a person locked out waits a quarter of an hour or asks an administrator."""
AXES_LOCKOUT_PARAMETERS = ["username"]
ACCOUNT_ADAPTER = "allauth.account.adapter.DefaultAccountAdapter"
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
