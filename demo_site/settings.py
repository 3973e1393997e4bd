"""The demo's settings."""

import os
from pathlib import Path

from django.core.management.utils import get_random_secret_key
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent

# Off in development too: Django's debug page shows local variables, and in this site
# they hold what visitors wrote.
DEBUG = False

# A new key at each start is enough: operations do not outlive the process.
SECRET_KEY = os.environ.get("SECRET_KEY") or get_random_secret_key()

# Host names of the site; `manage.py demo` adds the address that it serves.
ALLOWED_HOSTS = os.environ.get("DEMO_HOSTS", "localhost 127.0.0.1 [::1]").split()

INSTALLED_APPS = [
    "daphne",
    "demo_site.editor",
    "demo_site.ask",
    "demo_site.bulk",
    "demo_site.people",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "ephemeral_tasks",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "demo_site.editor.middleware.content_security_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

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

ROOT_URLCONF = "demo_site.urls"
ASGI_APPLICATION = "demo_site.asgi.application"

# Users and sessions only: no text or translation is written to the disk.
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("DEMO_DATABASE", BASE_DIR / "demo.sqlite3"),
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", _("English")),
    ("de", _("German")),
    ("es", _("Spanish")),
    ("fr", _("French")),
]
LOCALE_PATHS = [BASE_DIR / "demo_site" / "locale"]
TIME_ZONE = "UTC"

STATIC_URL = "static/"

# One line for each finished operation, without any of its content.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"short": {"format": "%(asctime)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "short"}},
    "loggers": {"ephemeral_tasks": {"handlers": ["console"], "level": "INFO"}},
}

# Documents mostly wait for engines; how many texts are on their way at once follows
# the engines' capacity, not this number.
EPHEMERAL_TASKS = {"MAX_RUNNING": 100}

# Engines as kind=url, separated by spaces: docs/translation.md. Without any, Apertium
# is used where it is installed, else an engine that only accents letters.
TRANSLATION_ENGINES = os.environ.get("TRANSLATION_ENGINES", "")
TRANSLATION_PROBE_SECONDS = os.environ.get("TRANSLATION_PROBE_SECONDS", "5")
TRANSLATION_TIMEOUT_SECONDS = os.environ.get("TRANSLATION_TIMEOUT_SECONDS", "10")
TRANSLATION_PATIENCE_SECONDS = os.environ.get("TRANSLATION_PATIENCE_SECONDS", "60")

# I001 warns that every visitor may start the task; here that is intended.
SILENCED_SYSTEM_CHECKS = ["ephemeral_tasks.I001"]
