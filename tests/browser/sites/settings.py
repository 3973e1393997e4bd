"""The tests' own settings, with pages, a login wall and a strict policy."""

import os

from tests.settings import *  # noqa: F403

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["SITES_DATABASE"],
        "OPTIONS": {"timeout": 20},
    }
}
INSTALLED_APPS = [*INSTALLED_APPS, "tests.browser.sites"]  # noqa: F405
MIDDLEWARE = [
    *MIDDLEWARE,  # noqa: F405
    "tests.browser.sites.middleware.behind_a_wall",
    "tests.browser.sites.middleware.with_policy",
]
ROOT_URLCONF = "tests.browser.sites.urls"
STATIC_URL = "/static/"
EPHEMERAL_TASKS = {"POLL_SECONDS": 0.4, "MAX_RUNNING": 1000}
