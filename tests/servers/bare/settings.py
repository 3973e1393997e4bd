"""The least that a server asks for, settings and route in one."""

import os

from django.http import HttpResponse
from django.urls import path

SECRET_KEY = "not a secret: the servers' own"
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["daphne"] if os.environ.get("SITE_HAS_DAPHNE") == "1" else []
ROOT_URLCONF = __name__
ASGI_APPLICATION = "tests.servers.bare.asgi.application"
WSGI_APPLICATION = "tests.servers.bare.wsgi.application"
USE_TZ = True


def process(request):
    """The id of the process that answers."""
    return HttpResponse(str(os.getpid()))


urlpatterns = [path("process/", process)]
