"""The site for servers that know no sockets."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.servers.site.settings")

application = get_wsgi_application()

if os.environ.get("SITE_STARTS_POOL") == "1":  # before gunicorn's master forks
    from ephemeral_tasks import pool

    pool.statistics()
