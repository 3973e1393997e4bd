"""The application of the site without us, for servers that know no sockets."""

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
