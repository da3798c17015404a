"""A Django project as "startproject" makes it, and what gaol needs of it.

All that is said about gaol is between the two lines of "=". The rest is a
site of one page and the admin.
"""

import datetime
import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent

# Where the site is, and where in there it may write; run.sh sets it.
SITE_DIR = Path(os.environ.get("EXAMPLE_DIR", "/srv/example"))
DATA_DIR = SITE_DIR / "data"

SECRET_KEY = (DATA_DIR / "secret-key").read_text()
DEBUG = False
ALLOWED_HOSTS = ["*"]  # a site of your own names its hosts here
ROOT_URLCONF = "mysite.urls"
WSGI_APPLICATION = "mysite.wsgi.application"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": DATA_DIR / "site.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "/static/"
USE_TZ = True
TIME_ZONE = "UTC"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
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

# ==============================================================================

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "authlog",
]

MIDDLEWARE = [
    # First, so that everything behind it sees the client and not the proxy.
    "authlog.client.ClientAddressMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]

# Whose X-Forwarded-For is believed: the proxy's own addresses, and nothing wider.
TRUSTED_PROXIES = ["127.0.0.1", "::1"]

# Who may log in at the admin. None: everybody. A file that is not there, or has
# nobody in it, lets nobody in.
ADMIN_ALLOW_LIST = SITE_DIR / "admin-allow.txt" if os.environ.get("ADMIN_ONLY") else None

# axes counts as gaol does and locks out for as long: see the README.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = datetime.timedelta(minutes=10)
# REMOTE_ADDR is the client by now. Any header that axes looked at besides would be the
# client's to choose.
AXES_META_PRECEDENCE_ORDER = ["REMOTE_ADDR"]
AXES_IPWARE_META_PRECEDENCE_ORDER = ["REMOTE_ADDR"]  # the same in axes 6 and later
# Since 6.1 axes writes "********" in place of the address; gaol could not read that.
AXES_SENSITIVE_PARAMETERS = ["username"]
# Name and browser stay out of the log, where they could pass for an address.
AXES_VERBOSE = False

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "gaol": {
            "()": "authlog.logformat.OneLineFormatter",
            "format": "%(asctime)s %(levelname)s %(message)s",
            # With the offset no reader has to guess the time zone.
            "datefmt": "%Y-%m-%dT%H:%M:%S%z",
        },
    },
    "handlers": {
        # WatchedFileHandler goes on in the new file after logrotate has moved the old one.
        "auth": {
            "class": "logging.handlers.WatchedFileHandler",
            "filename": DATA_DIR / "auth.log",
            "formatter": "gaol",
        },
        "axes": {
            "class": "logging.handlers.WatchedFileHandler",
            "filename": DATA_DIR / "axes.log",
            "formatter": "gaol",
        },
    },
    "loggers": {
        "authlog": {"handlers": ["auth"], "level": "INFO"},
        "axes": {"handlers": ["axes"], "level": "INFO"},
    },
}
