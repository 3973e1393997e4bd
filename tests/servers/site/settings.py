"""The site's settings; what a test wants otherwise stands in the environment."""

import json
import os
from importlib import import_module
from pathlib import Path

FOLDER = Path(os.environ["SITE_FOLDER"])
"""Takes what bodies leave behind; each server has one of its own."""

SECRET_KEY = os.environ.get("SITE_SECRET_KEY", "not a secret: the servers' own")
DEBUG = os.environ.get("SITE_DEBUG") == "1"
ALLOWED_HOSTS = ["127.0.0.1"]

DATABASES = {"default": json.loads(os.environ["SITE_DATABASE"])}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    *(["daphne"] if os.environ.get("SITE_HAS_DAPHNE") == "1" else []),
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_htmx",
    "ephemeral_tasks",
    "tests.servers.site",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
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
            ],
        },
    }
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

ROOT_URLCONF = "tests.servers.site.urls"
ASGI_APPLICATION = "tests.servers.site.asgi.application"
WSGI_APPLICATION = "tests.servers.site.wsgi.application"
STATIC_URL = "static/"
USE_TZ = True

EPHEMERAL_TASKS = {
    "MAX_RUNNING_PER_OWNER": None,  # a test's one visitor may use every slot
    **json.loads(os.environ.get("SITE_EPHEMERAL_TASKS", "{}")),
}

if module := os.environ.get("SITE_MODULE"):  # a file that a test may change
    import_module(module)
