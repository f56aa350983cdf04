"""Django settings, derived from ``config.environment``. Nothing here reads os.environ itself, except for tests' databases."""

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from yishu.config.environment import SMTP_PORTS, Environment, read_environment
from yishu.config.secrets import secret_text
from yishu.law import packs

ENVIRONMENT: Environment = read_environment()
for _folder in ENVIRONMENT.packs:
    packs.add_folder(_folder)
SECRET_KEY = secret_text(ENVIRONMENT.home, "django-secret")
SETUP_CODE = secret_text(ENVIRONMENT.home, "setup-code")
"""Asked for at the first visit; ``yishu up`` prints it while the platform has no people."""
DEBUG = ENVIRONMENT.debug
HTTPS = urlsplit(ENVIRONMENT.public_url).scheme == "https"
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
    # Before allauth: their templates replace its pages.
    "yishu.pages",
    "yishu.orgs",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
    "procrastinate.contrib.django",
    "yishu.ledger",
    "yishu.cases",
    "yishu.registers",
    "yishu.catalogue",
    "yishu.stewardship",
    "yishu.collection",
    "yishu.sharing",
    "yishu.supervision",
    "yishu.config",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "yishu.pages.middleware.SecurityHeaders",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "yishu.pages.middleware.BodyLimits",
    # Every view asks for a sign-in unless it says otherwise; config.urls.PUBLIC lists those, and a test compares.
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "yishu.orgs.middleware.PasswordMustChange",
    "yishu.orgs.mfa_middleware.SecondFactor",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "axes.middleware.AxesMiddleware",
    "yishu.pages.middleware.PublicErrors",
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
                "yishu.orgs.frame.frame",
                "yishu.cases.bell.bell",
            ],
        },
    }
]
LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True
STATIC_URL = "/static/"
STATIC_ROOT = None
"""No second copy: whitenoise serves the files where the packages and ``npm run build`` put them."""
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_MAX_AGE = 0 if DEBUG else 30 * 24 * 3600
"""Seconds; addresses carry a stamp of the content (``{% asset %}``), so a new file has a new address."""
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000
_SCRATCH = ENVIRONMENT.home / "scratch"
_SCRATCH.mkdir(mode=0o700, parents=True, exist_ok=True)
FILE_UPLOAD_TEMP_DIR = str(_SCRATCH)
"""Uploads on their way in: never the machine's shared /tmp; what a killed process leaves there is swept."""
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "name")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# Sessions: end half an hour after the last page, and with the browser.
SESSION_COOKIE_AGE = 30 * 60
SESSION_SAVE_EVERY_REQUEST = True
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME = "yishu_session"
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_NAME = "yishu_csrf"
CSRF_TRUSTED_ORIGINS = [ENVIRONMENT.public_url.rstrip("/")]
CSRF_FAILURE_VIEW = "yishu.pages.views.csrf_failure"
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
"""With an https address a TLS-ending proxy stands in front; it must set this header and drop what clients send."""
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Lock-out (docs/decisions/0004-pages.md): by sign-in name from wherever it is tried, known name or not.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25
"""Hours; a person locked out waits a quarter of an hour or asks an administrator."""
AXES_LOCKOUT_PARAMETERS = ["username"]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
"""The lock ends when the page said it would, even if somebody goes on trying."""
AXES_USERNAME_CALLABLE = "yishu.orgs.signin.name_digest"
AXES_LOCKOUT_CALLABLE = "yishu.orgs.signin.locked_out"
AXES_SENSITIVE_PARAMETERS = ["username", "login", "password", "ip_address", "code", "credential", "state"]
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False
SILENCED_SYSTEM_CHECKS = ["axes.W006"]
"""W006 asks for the address as a lock-out parameter: a whole department behind one address would be locked out by one clerk.
Its worry, evading the lock by rotating user agents, does not arise: the name alone decides."""

# Sign-in: local accounts by name; accounts are made by an administrator, never by signing up.
ACCOUNT_ADAPTER = "yishu.orgs.signin.Adapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_FORMS = {"login": "yishu.orgs.signin.SignInForm"}
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": None}
"""Trying many names from one address is slowed per web process; failures of one name are counted by axes, in the database."""
# Second factor (docs/decisions/0017-sign-in.md): allauth keeps the factors and interrupts the sign-in, the pages are ours.
MFA_ADAPTER = "yishu.orgs.mfa_adapter.Adapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "一数"
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_LOGOUT_REDIRECT_URL = LOGOUT_REDIRECT_URL

# Reminders by e-mail (docs/configuration.md): nothing is sent while the operator names no mail server.
_MAIL = urlsplit(ENVIRONMENT.smtp_url)
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = _MAIL.hostname or ""
EMAIL_PORT = _MAIL.port or SMTP_PORTS.get(_MAIL.scheme, 25)
EMAIL_HOST_USER = unquote(_MAIL.username or "")
EMAIL_HOST_PASSWORD = unquote(_MAIL.password or "")
EMAIL_USE_SSL = _MAIL.scheme == "smtps"
EMAIL_USE_TLS = _MAIL.scheme == "smtp+starttls"
EMAIL_TIMEOUT = 20
"""Seconds until a silent mail server counts as down; the notice is tried again."""
DEFAULT_FROM_EMAIL = SERVER_EMAIL = ENVIRONMENT.mail_from

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"()": "yishu.config.logs.PlainFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "django.request": {"handlers": ["stderr"], "level": "ERROR", "propagate": False},
        "axes": {"handlers": ["stderr"], "level": "ERROR", "propagate": False},
        # They report every registration, every queued job and every rewritten expression; commands print to people.
        **{
            name: {"level": "WARNING"}
            for name in ("httpx", "procrastinate.blueprints", "procrastinate.jobs", "procrastinate.periodic", "sqlglot")
        },
    },
}
