"""The application that the tests' servers serve."""

import os

from ephemeral_tasks.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

application = get_asgi_application()
