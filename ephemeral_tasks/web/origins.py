"""Whether a websocket was opened by a page of this site."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.utils.http import is_same_domain

_PORTS = {"http": "80", "https": "443"}


def is_own(scope: Mapping[str, Any]) -> bool:
    """Return whether ``Origin`` names the host that was asked, or is trusted.

    Other names in ``ALLOWED_HOSTS`` are not enough: a page of one of them would act
    for a visitor of this one.
    """
    handshake = _Handshake(scope)
    origin = handshake.META.get("HTTP_ORIGIN")
    if origin is None:
        return False
    try:
        parts = urlsplit(origin.lower())
    except ValueError:  # such as "http://[": any client may send it
        return False
    if parts.scheme not in _PORTS or not parts.netloc:
        return False
    return _is_host(handshake, parts) or _is_trusted(parts)


class _Handshake(HttpRequest):
    """The opening request of a socket, as far as host and scheme go."""

    def __init__(self, scope: Mapping[str, Any]) -> None:
        super().__init__()
        self._is_tls = scope.get("scheme") in {"wss", "https"}
        server = scope.get("server") or ("", None)
        self.META["SERVER_NAME"] = server[0]
        self.META["SERVER_PORT"] = str(server[1] or (443 if self._is_tls else 80))
        for name, value in scope["headers"]:
            key = f"HTTP_{name.decode('latin1').upper().replace('-', '_')}"
            self.META[key] = value.decode("latin1")

    def _get_scheme(self) -> str:
        return "https" if self._is_tls else "http"


def _is_host(handshake: HttpRequest, origin: SplitResult) -> bool:
    try:
        host = handshake.get_host()
    except DisallowedHost:
        return False
    # A proxy that ends TLS may not say so; a page without TLS never comes from
    # a site that has it.
    if handshake.is_secure() and origin.scheme != "https":
        return False
    return _with_port(origin.netloc, origin.scheme) == _with_port(host, origin.scheme)


def _with_port(host: str, scheme: str) -> str:
    host = host.lower()
    has_port = host.rpartition(":")[2].isdigit() and not host.endswith("]")
    return host if has_port else f"{host}:{_PORTS[scheme]}"


def _is_trusted(origin: SplitResult) -> bool:
    """Return whether ``CSRF_TRUSTED_ORIGINS`` has it, ``https://*.example.com`` too."""
    for trusted in settings.CSRF_TRUSTED_ORIGINS:
        pattern = urlsplit(trusted.lower().replace("*", "", 1))
        if pattern.scheme == origin.scheme and is_same_domain(
            origin.netloc, pattern.netloc
        ):
            return True
    return False
