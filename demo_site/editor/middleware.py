"""A strict Content-Security-Policy; the package's tags need no exception."""

from asgiref.sync import iscoroutinefunction
from django.utils.decorators import sync_and_async_middleware

# Django has a middleware of its own for this from 6.0 on.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",  # images in a preview load nothing from other sites
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


@sync_and_async_middleware
def content_security_policy(get_response):
    """Set the policy on each response, for synchronous and asynchronous handlers."""
    if iscoroutinefunction(get_response):

        async def middleware(request):
            return _with_policy(await get_response(request))

    else:

        def middleware(request):
            return _with_policy(get_response(request))

    return middleware


def _with_policy(response):
    response.headers["Content-Security-Policy"] = POLICY
    return response
