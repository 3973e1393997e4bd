"""What ``startproject`` writes, with our app; sessions and database by environment."""

import os

SECRET_KEY = "not a secret: the benchmarks' own"
ALLOWED_HOSTS = ["127.0.0.1"]

INSTALLED_APPS = [
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
    "django.contrib.sessions.middleware.SessionMiddleware",
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
            "context_processors": ["django.template.context_processors.request"],
        },
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("BENCHMARK_DATABASE", ":memory:"),
        "OPTIONS": {"init_command": "PRAGMA synchronous=OFF;"},
    }
}
SESSIONS = os.environ.get("BENCHMARK_SESSIONS", "db")
SESSION_ENGINE = f"django.contrib.sessions.backends.{SESSIONS}"

ROOT_URLCONF = "benchmarks.site.urls"
STATIC_URL = "static/"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The peer of our sockets' registry.
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
EPHEMERAL_TASKS = {
    "CLIENT_OF": os.environ.get("BENCHMARK_CLIENT_OF"),
    "LAG_WARNING_SECONDS": 5,
    "MAX_RUNNING": int(os.environ.get("BENCHMARK_RUNNING", "100")),
    "POOL": os.environ.get("BENCHMARK_POOL", "process"),
    "POOL_DIR": os.environ.get("BENCHMARK_POOL_DIR"),
    "MAX_WAITING": int(os.environ.get("BENCHMARK_WAITING", "1000")),
}

# A flood is refused hundreds of times, which its benchmark counts.
LOGGING = {"version": 1, "loggers": {"django.request": {"level": "CRITICAL"}}}
