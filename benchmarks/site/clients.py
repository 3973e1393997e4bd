"""Who is behind a request of a benchmark."""

from django.http import HttpRequest


def address_of(request: HttpRequest) -> str:
    """Return the address of a request; the benchmarks submit over HTTP alone."""
    address: str = request.META["REMOTE_ADDR"]
    return address
