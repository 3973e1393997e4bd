"""Requests of JSON to one server, bounded in time and size."""

from __future__ import annotations

import asyncio
import json
import ssl
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx2
from django.views.decorators.debug import sensitive_variables

from demo_site.translation.errors import (
    EngineBroken,
    EngineBusy,
    EngineError,
    EngineRefused,
    EngineTimeout,
)
from demo_site.translation.remote.retry_after import seconds_until_retry

# No answer is longer: one to 1500 characters is a few kilobytes, a list of languages
# a hundred. A text alone may be as long as a visitor's whole input.
_MAX_BYTES = 8 * 1024 * 1024

_REFUSED = frozenset({400, 413, 422})


@cache
def _certificates() -> ssl.SSLContext:
    """Return the system's trust store; reading it takes a tenth of a second."""
    return httpx2.create_ssl_context()


class Client:
    """Asks one server; redirects are not followed.

    Each request has a connection of its own. A kept one would save a round trip of
    the hundreds of milliseconds that a translation takes; but it may be closed by the
    server just when it is used again, and after an error it may have another request's
    answer in it. So nothing belongs to a loop, and any thread and loop may use it.
    """

    def __init__(self, url: str, *, timeout: float) -> None:
        """Make a client; nothing is sent.

        Args:
            url: What all paths are appended to.
            timeout: Seconds for a whole request, from its connection to the last byte.
        """
        self._url = url.rstrip("/")
        self._timeout = timeout
        self._verify = _certificates() if url.startswith("https:") else False

    @property
    def host(self) -> str:
        """The server's host and port, for staff."""
        return urlsplit(self._url).netloc

    @sensitive_variables()
    async def get(self, path: str, **content: Any) -> Any:
        """Return what the server answers; ``content`` may have ``headers``."""
        return await self._ask("GET", path, **content)

    @sensitive_variables()
    async def post(self, path: str, **content: Any) -> Any:
        """Return what the server answers.

        Args:
            path: Below the server's URL.
            content: ``json``, ``data`` for a form, or ``headers``.
        """
        return await self._ask("POST", path, **content)

    @sensitive_variables()
    async def _ask(self, method: str, path: str, **content: Any) -> Any:
        """Return the server's JSON.

        Raises:
            EngineBusy, EngineRefused, EngineTimeout, EngineBroken: As the server or
                the network had it.
        """
        # Raised after the block: an error that is raised while another one is handled
        # would keep that one as its context, and with it the request.
        try:
            async with asyncio.timeout(self._timeout):
                return json.loads(await self._receive(method, path, **content))
        except EngineError as found:
            error: EngineError = found
        except TimeoutError:
            error = EngineTimeout(self._timeout)
        except (httpx2.HTTPError, OSError):
            error = EngineBroken("the connection failed")
        except (ValueError, RecursionError):
            error = EngineBroken("the answer is not JSON")
        raise error.with_traceback(None)

    @sensitive_variables()
    async def _receive(self, method: str, path: str, **content: Any) -> bytes:
        """Return the body of a good answer."""
        headers = {"accept-encoding": "identity", **content.pop("headers", {})}
        async with (
            httpx2.AsyncClient(
                verify=self._verify, trust_env=False, timeout=None, headers=headers
            ) as client,
            client.stream(method, self._url + path, **content) as response,
        ):
            _check(response)
            return await _read(response)


def _check(response: httpx2.Response) -> None:
    """Do nothing for a good answer; another one's text may quote the request.

    Raises:
        EngineBusy, EngineRefused, EngineBroken: It is none.
    """
    status = response.status_code
    wait = response.headers.get("retry-after")
    if status == 429 or (status == 503 and wait):
        raise EngineBusy(seconds_until_retry(wait))
    if status in _REFUSED:
        raise EngineRefused(f"refused with HTTP {status}")
    if not response.is_success:
        raise EngineBroken(f"answered with HTTP {status}")


async def _read(response: httpx2.Response) -> bytes:
    """Return the body.

    Raises:
        EngineBroken: It is too long; the rest was not read.
    """
    body = bytearray()
    # As sent: a small compressed body may unpack to a huge one.
    async for part in response.aiter_raw():
        body += part
        if len(body) > _MAX_BYTES:
            raise EngineBroken("the answer is too long")
    return bytes(body)
