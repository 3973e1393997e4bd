"""The demo's own settings, with an engine that the tests hold by the hand."""

from demo_site.settings import *  # noqa: F403

ROOT_URLCONF = "tests.browser.urls"
ASGI_APPLICATION = "tests.browser.asgi.application"
TRANSLATION_ENGINES = "tests.browser.engine.GatedEngine"
TRANSLATION_PATIENCE_SECONDS = 0.5
TRANSLATION_PROBE_SECONDS = 0.2
EPHEMERAL_TASKS = {"POLL_SECONDS": 1}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
