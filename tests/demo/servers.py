"""Translation servers on loopback that speak documented shapes, and misbehave.

A server answers texts in capitals. A test tells it how to behave at the next requests
for a translation, by the names in `BEHAVIOURS`, or how to behave from now on.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import formatdate
from time import time
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(kw_only=True)
class Asked:
    """One request."""

    method: str
    path: str
    """With its query."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes = b""

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    def form(self) -> dict[str, str]:
        """The body as a form's fields, each once."""
        return {
            name: values[0] for name, values in parse_qs(self.body.decode()).items()
        }


Answer = tuple[int, Mapping[str, str], bytes]
Routes = Mapping[str, Callable[[Asked], Any]]
"""What a path answers: a value for JSON, or `Refusal`."""


@dataclass
class Refusal:
    """An answer with a status of its own."""

    status: int
    value: Any


class Server:
    """Runs on a loop and a thread of its own until its block ends."""

    def __init__(self, routes: Routes) -> None:
        """Make a server; `serving` starts it."""
        self.routes = routes
        self.url = ""
        self.requests: list[Asked] = []
        """All that came, in order."""
        self.always = "good"
        """How it behaves at translations when nothing else was told."""
        self.probes = "good"
        """The same at all other requests."""
        self.previous: bytes = b"{}"
        """The body of the good answer before."""
        self.came = threading.Event()
        """Set once a request for a translation has come."""
        self._next: deque[str] = deque()
        self._is_over = asyncio.Event()

    def behave(self, *names: str) -> None:
        """Behave so at the next translations, one name for each."""
        self._next.extend(names)

    @property
    def translations(self) -> list[Asked]:
        """The requests for translations."""
        return [each for each in self.requests if each.method == "POST"]

    async def serve(self, reader: asyncio.StreamReader, writer: Any) -> None:
        """Answer one request and close."""
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._serve(reader, writer)
                writer.close()
                await writer.wait_closed()
        finally:  # also when the server ends while it is silent or still writes
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: Any) -> None:
        asked = await _read(reader)
        self.requests.append(asked)
        name = self.probes
        if asked.method == "POST":
            name = self._next.popleft() if self._next else self.always
            self.came.set()
        await BEHAVIOURS[name](self, asked, writer)

    def good(self, asked: Asked) -> Answer:
        """The documented answer."""
        route = self.routes.get(urlsplit(asked.path).path)
        value = route(asked) if route else Refusal(404, {"error": "not here"})
        status = value.status if isinstance(value, Refusal) else 200
        found = value.value if isinstance(value, Refusal) else value
        body = json.dumps(found).encode()
        return status, {"content-type": "application/json"}, body

    async def until_over(self) -> None:
        """Wait until the test ends."""
        await self._is_over.wait()

    def run(self, is_up: threading.Event) -> None:
        """Serve, on this thread."""
        asyncio.run(self._run(is_up))

    async def _run(self, is_up: threading.Event) -> None:
        self._is_over = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        async with await asyncio.start_server(self.serve, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            self.url = f"http://127.0.0.1:{port}"
            is_up.set()
            await self._is_over.wait()

    def stop(self) -> None:
        """End; from another thread."""
        self._loop.call_soon_threadsafe(self._is_over.set)


@contextmanager
def serving(routes: Routes) -> Iterator[Server]:
    """Run a server of these routes."""
    server, is_up = Server(routes), threading.Event()
    thread = threading.Thread(target=server.run, args=(is_up,), daemon=True)
    thread.start()
    assert is_up.wait(10)
    try:
        yield server
    finally:
        server.stop()
        thread.join(10)


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.split("\r\n")
    method, path, _ = first.split(" ")
    headers = {}
    for line in lines:
        name, found, value = line.partition(": ")
        if found:
            headers[name.lower()] = value
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Asked(method=method, path=path, headers=headers, body=body)


# -- behaviours ------------------------------------------------------------------------


async def _send(writer: Any, answer: Answer) -> None:
    status, headers, body = answer
    lines = [f"HTTP/1.1 {status} -", "connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if "content-length" not in headers:
        lines.append(f"content-length: {len(body)}")
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    await writer.drain()


async def _good(server: Server, asked: Asked, writer: Any) -> None:
    answer = server.good(asked)
    server.previous = answer[2]
    await _send(writer, answer)


def _status(status: int, *, after: Callable[[], str] | None = None) -> Any:
    """Answer a status, and quote the request as careless servers do."""

    async def send(server: Server, asked: Asked, writer: Any) -> None:
        headers = {"retry-after": after()} if after else {}
        await _send(writer, (status, headers, b'{"error": "' + asked.body + b'"}'))

    return send


def _body(change: Callable[[Server, Answer], Answer]) -> Any:
    """Answer something made of the good answer."""

    async def send(server: Server, asked: Asked, writer: Any) -> None:
        await _send(writer, change(server, server.good(asked)))

    return send


async def _reset(server: Server, asked: Asked, writer: Any) -> None:
    writer.transport.abort()


async def _half(server: Server, asked: Asked, writer: Any) -> None:
    status, headers, body = server.good(asked)
    length = {"content-length": str(len(body))}
    await _send(writer, (status, {**headers, **length}, body[: len(body) // 2]))


async def _silence(server: Server, asked: Asked, writer: Any) -> None:
    await server.until_over()


async def _drip(server: Server, asked: Asked, writer: Any) -> None:
    await _send(writer, (200, {"content-length": "1000000"}, b"{"))
    while not writer.is_closing():
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.005)  # to be slow is what this server does wrong


async def _huge(server: Server, asked: Asked, writer: Any) -> None:
    await _send(writer, (200, {"content-length": str(10**12)}, b'{"x": "'))
    while not writer.is_closing():
        writer.write(b"x" * 1_000_000)
        await writer.drain()


def _cut_last(server: Server, answer: Answer) -> Answer:
    """Leave out the last text of whichever list there is."""
    found = json.loads(answer[2])
    for value in found.values():
        if isinstance(value, list):
            value.pop()
    return *answer[:2], json.dumps(found).encode()


BEHAVIOURS: Mapping[str, Callable[[Server, Asked, Any], Awaitable[None]]] = {
    "good": _good,
    "400": _status(400),
    "403": _status(403),
    "429": _status(429),
    "429 seconds": _status(429, after=lambda: "7"),
    "429 date": _status(429, after=lambda: formatdate(time() + 90, usegmt=True)),
    "500": _status(500),
    "503 seconds": _status(503, after=lambda: "3"),
    "reset": _reset,
    "half": _half,
    "silence": _silence,
    "drip": _drip,
    "huge": _huge,
    "wrong count": _body(_cut_last),
    "another's answer": _body(lambda server, good: (*good[:2], server.previous)),
    "not JSON": _body(lambda server, good: (200, {}, b"<html>" + good[2])),
    "deep JSON": _body(lambda server, good: (200, {}, b"[" * 100_000)),
    "null": _body(lambda server, good: (200, {}, b"null")),
    "numbers": _body(
        lambda server, good: (
            200,
            {},
            b'{"translatedText": [1], "translated": [1], "responseData": 1}',
        )
    ),
    "compressed": _body(
        lambda server, good: (
            200,
            {"content-encoding": "gzip"},
            gzip.compress(good[2] + b" " * 100_000, 1),
        )
    ),
    "redirect": _body(lambda server, good: (307, {"location": "/elsewhere"}, b"")),
}


# -- documented shapes -----------------------------------------------------------------


def _shout(text: str) -> str:
    return text.upper()


def libretranslate(*, char_limit: int = -1, key: str = "") -> Routes:
    """LibreTranslate 1.9: English and Spanish, and English to Brazilian."""

    def translate(asked: Asked) -> Any:
        body = asked.json()
        if key and body.get("api_key") != key:
            return Refusal(403, {"error": "Invalid API key"})
        texts = body["q"] if isinstance(body["q"], list) else [body["q"]]
        if char_limit > 0 and sum(map(len, texts)) > char_limit:
            return Refusal(400, {"error": "Invalid request: too long"})
        found = [_shout(text) for text in texts]
        return {"translatedText": found if isinstance(body["q"], list) else found[0]}

    return {
        "/languages": lambda asked: [
            {"code": "en", "name": "English", "targets": ["en", "es", "pt-BR"]},
            {"code": "es", "name": "Spanish", "targets": ["en", "es"]},
        ],
        "/health": lambda asked: {"status": "ok"},
        "/frontend/settings": lambda asked: {"charLimit": char_limit},
        "/translate": translate,
    }


def easynmt() -> Routes:
    """EasyNMT 2.0: English and Spanish."""

    def translate(asked: Asked) -> Any:
        body = asked.json()
        return {
            "target_lang": body["target_lang"],
            "source_lang": body["source_lang"],
            "translated": [_shout(text) for text in body["text"]],
            "translation_time": 0.1,
        }

    return {
        "/lang_pairs": lambda asked: ["en-es", "es-en"],
        "/model_name": lambda asked: "opus-mt",
        "/translate": translate,
    }


def apy() -> Routes:
    """apertium-apy 0.13: English and Spanish, in three letters."""

    def translate(asked: Asked) -> Any:
        form = asked.form()
        if form["langpair"] not in {"eng|spa", "spa|eng"}:
            explanation = "That pair is not installed"
            return Refusal(400, {"status": "error", "explanation": explanation})
        # Tags pass through as they are.
        parts = re.split("(<[^>]*>)", form["q"])
        found = [part if part[:1] == "<" else _shout(part) for part in parts]
        return _apy({"translatedText": "".join(found)})

    pairs = [("eng", "spa"), ("spa", "eng")]
    return {
        "/listPairs": lambda asked: _apy(
            [{"sourceLanguage": one, "targetLanguage": other} for one, other in pairs]
        ),
        "/translate": translate,
    }


def deepl(key: str) -> Routes:
    """A server that speaks as DeepL's API does."""

    def permitted(answer: Callable[[Asked], Any]) -> Callable[[Asked], Any]:
        def check(asked: Asked) -> Any:
            is_known = asked.headers.get("authorization") == f"DeepL-Auth-Key {key}"
            return answer(asked) if is_known else Refusal(403, {"message": "who?"})

        return check

    def translate(asked: Asked) -> Any:
        body = asked.json()
        assert body["source_lang"] == "EN"
        assert body["target_lang"] == "PT-BR"
        return {
            "translations": [
                {"detected_source_language": "EN", "text": _shout(text)}
                for text in body["text"]
            ]
        }

    return {
        "/v2/languages": permitted(
            lambda asked: [
                {"language": "EN", "name": "English"},
                {"language": "PT-BR", "name": "Portuguese (Brazilian)"},
            ]
        ),
        "/v2/usage": permitted(lambda asked: {"character_count": 1}),
        "/v2/translate": permitted(translate),
    }


def _apy(data: Any) -> Any:
    return {"responseData": data, "responseDetails": None, "responseStatus": 200}
