"""A whole site: settings, routes, application. Served from the installed wheel."""

from django.conf import settings
from django.urls import include, path
from django.views.generic import TemplateView

from ephemeral_tasks.asgi import get_asgi_application

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    INSTALLED_APPS=[
        "daphne",
        "django.contrib.contenttypes",
        "django.contrib.auth",
        "django.contrib.sessions",
        "django.contrib.messages",
        "django.contrib.staticfiles",
        "django_htmx",
        "ephemeral_tasks",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    ASGI_APPLICATION=f"{__name__}.application",
    ROOT_URLCONF=__name__,
    SECRET_KEY="not a secret: of a site that lives for a second",
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    STATIC_URL="static/",
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "DIRS": ["."],
            "OPTIONS": {
                "context_processors": ["django.template.context_processors.request"]
            },
        }
    ],
)

urlpatterns = [
    path("", TemplateView.as_view(template_name="page.html")),
    path("tasks/", include("ephemeral_tasks.urls")),
]

application = get_asgi_application()
