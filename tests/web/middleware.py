"""Middleware of sites that the tests are of."""

from asgiref.sync import iscoroutinefunction, markcoroutinefunction


class TenantMiddleware:
    """Each request gets a URLconf of its own, as with django-tenants or -hosts."""

    async_capable = True
    sync_capable = False

    def __init__(self, get_response):
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    async def __call__(self, request):
        """The tenant's routes answer."""
        request.urlconf = "tests.web.tenant_urls"
        return await self.get_response(request)
