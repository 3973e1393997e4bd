"""Our routes below a variable."""

from django.urls import include, path

from tests.web.urls import page


async def page_below(request, org, number=0):
    """A page whose URL has more variables than our routes are below."""
    return await page(request)


urlpatterns = [
    path("<slug:org>/page/<int:number>/", page_below),
    path("<slug:org>/tasks/", include("ephemeral_tasks.urls")),
]
