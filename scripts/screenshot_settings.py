"""The settings of the screenshot: one operation at a time, so that one waits."""

from tests.browser.settings import *  # noqa: F403

EPHEMERAL_TASKS = {"MAX_RUNNING": 1}
