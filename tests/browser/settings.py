"""The demo's own settings, with an engine that the tests hold by the hand."""

from demo_site.settings import *  # noqa: F403

ROOT_URLCONF = "tests.browser.urls"
ASGI_APPLICATION = "tests.browser.asgi.application"
TRANSLATION_ENGINE = "tests.browser.engine.GatedEngine"
EPHEMERAL_TASKS = {"POLL_SECONDS": 1}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
