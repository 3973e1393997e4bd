"""Pages below their language, our routes outside of it, as the quickstart has them."""

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path
from django.utils import translation

from tests.web.urls import page


async def french_page(request):
    """A page whose view chooses the language."""
    with translation.override("fr"):
        return await page(request)


urlpatterns = [
    *i18n_patterns(path("page/", page)),
    path("french/", french_page),
    path("tasks/", include("ephemeral_tasks.urls")),
]
