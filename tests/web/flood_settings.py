"""A site whose bounds a test reaches in a second."""

from tests.settings import *  # noqa: F403

ROOT_URLCONF = "tests.web.urls"
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
EPHEMERAL_TASKS = {
    "MAX_KEPT_BYTES": 4 * 2**20,
    "MAX_OWNERS": 200,
    "DRAIN_SECONDS": 0,
}
