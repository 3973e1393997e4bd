"""The tests' site with one pool for all its processes."""

import os

from tests.settings import *  # noqa: F403

SETTINGS_MODULE = "tests.settings"  # of the tests themselves, which meet it
EPHEMERAL_TASKS = {
    "POOL": "machine",
    "POOL_DIR": os.environ["TESTS_POOL_DIR"],
    "DRAIN_SECONDS": 20,
}
