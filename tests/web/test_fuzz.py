"""Whatever anybody sends: no error of ours, and a refusal changes nothing.

``EPHEMERAL_TESTS_FUZZ=1000`` draws a thousand visitors in place of a few.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import sys
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import unquote

import pytest
from channels.sessions import SessionMiddlewareStack
from django.core.signals import got_request_exception
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ephemeral_tasks import pool, submission, windows
from ephemeral_tasks.asgi import get_asgi_application
from ephemeral_tasks.core.testing import ManualClock
from ephemeral_tasks.web.consumers import TaskConsumer
from tests.web import fuzzing, tasks
from tests.web.conftest import Socket
from tests.web.fuzzing import OWN, Request

VISITORS = int(os.environ.get("EPHEMERAL_TESTS_FUZZ", "8"))
SECRET = "a" * 32  # of the CSRF cookie, and of the header that proves it
PATIENCE_SECONDS = 10

pytestmark = [
    pytest.mark.urls("tests.web.urls"),
    pytest.mark.timeout(60 + VISITORS),
    pytest.mark.filterwarnings("ignore:Generating overly large repr"),
    # Django 5.2 does not close the body of a request that it could not make.
    pytest.mark.filterwarnings(
        "ignore:Exception ignored in. <function SpooledTemporaryFile"
    ),
]

fuzzed = settings(
    max_examples=VISITORS,
    deadline=None,
    phases=[Phase.generate],  # a failure names what was sent
    database=None,
    suppress_health_check=[*HealthCheck],
)

sent: Counter[str] = Counter()
"""What a long run reports at its end."""


@pytest.fixture(scope="module", autouse=True)
def report() -> Iterator[None]:
    """A long run says how much it sent."""
    yield
    if VISITORS > 100:
        print(dict(sent), file=sys.stderr)  # noqa: T201


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """What Django left unclosed is warned about here, not in a later test."""
    yield
    gc.collect()


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Django keeps no record of each refused request."""
    caplog.set_level(logging.CRITICAL, "django")


# -- HTTP ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_success(self) -> bool:
        """Whether it did what was asked."""
        return self.status < 400


NOTHING = Answer(status=400, headers={}, body=b"")
"""Of a request that Django's handler could not read."""


class Browser:
    """Cookies, and requests to the application as servers make them."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self.cookies = {"csrftoken": SECRET}

    async def ask(self, request: Request) -> Answer:
        """Send a request."""
        url, _, query = request.path.partition("?")
        headers = {"host": "testserver", "x-csrftoken": SECRET, **request.headers}
        own = [f"{name}={value}" for name, value in self.cookies.items()]
        headers["cookie"] = "; ".join([*own, *filter(None, [headers.get("cookie")])])
        scope = {
            "type": "http",
            "method": request.method,
            "path": unquote(url),
            "query_string": query.encode(),
            "headers": [(k.encode(), v.encode("latin-1")) for k, v in headers.items()],
            "server": ("testserver", 80),
        }
        events: list[dict[str, Any]] = []
        incoming = iter([{"type": "http.request", "body": request.body}])

        async def receive() -> dict[str, Any]:
            return next(incoming, None) or await asyncio.Future()

        async def note(event: dict[str, Any]) -> None:
            events.append(event)

        try:
            await self._application(scope, receive, note)
        except Exception as error:
            if not is_djangos_own(error):
                raise
            return NOTHING
        return self._answer(events)

    def _answer(self, events: list[dict[str, Any]]) -> Answer:
        start, *parts = events
        headers = [
            (k.decode().lower(), v.decode("latin-1")) for k, v in start["headers"]
        ]
        for name, value in headers:
            if name == "set-cookie":
                self._keep(value)
        body = b"".join(part.get("body", b"") for part in parts)
        return Answer(status=start["status"], headers=dict(headers), body=body)

    def _keep(self, header: str) -> None:
        for name, morsel in SimpleCookie(header).items():
            if morsel["max-age"] == 0:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = morsel.value


def kept() -> dict[str, list[str]]:
    """Return the ids in all windows, by owner; the pool and the cache agree."""
    memory = pool.get().ledger.memory
    found = {owner: [one.id for one in memory.of(owner)] for owner in memory.owners()}
    for owner, ids in found.items():
        assert [one.id for one in windows.read(owner, touch=False).handles] == ids
    return found


def newest_id(before: Mapping[str, list[str]]) -> str:
    """Return an operation of anybody's; there is one visitor."""
    return next((ids[0] for ids in reversed(before.values()) if ids), "none")


@contextmanager
def faults() -> Iterator[list[BaseException]]:
    """Collect what views raise."""
    found: list[BaseException] = []

    def note(**kwargs: object) -> None:
        error = sys.exc_info()[1]
        assert error is not None
        found.append(error)

    got_request_exception.connect(note)
    try:
        yield found
    finally:
        got_request_exception.disconnect(note)


# Django's own faults, by the function that raises.
DJANGOS_OWN = {
    # A charset in Content-Type beside a query of over 1,000 parameters: the request is
    # not even made, and no view of anybody's is called.
    "create_request",
    # A form that Django refuses to read, in another charset or of a negative length:
    # the view of its error page reads it once more, in the check of the CSRF token.
    "get_exception_response",
}


def is_djangos_own(error: BaseException) -> bool:
    """Return whether the error comes from one of the functions above."""
    frames = traceback.extract_tb(error.__traceback__)
    return any("django" in one.filename and one.name in DJANGOS_OWN for one in frames)


def check_answer(request: Request, answer: Answer, raised: list[BaseException]) -> None:
    """The answer is none of an error, leads nowhere else, and can be read."""
    told = "".join(map("".join, map(traceback.format_exception, raised)))
    if any(map(is_djangos_own, raised)):
        return
    assert answer.status < 500, f"{request}: {answer.status}\n{told}"
    location = answer.headers.get("location", "/")
    assert location.startswith("/")
    assert not location.startswith(("//", "/\\"))
    assert not {"\r", "\n"} & set("".join(answer.headers.values()))
    kind = answer.headers.get("content-type", "")
    text = answer.body.decode() if answer.body else ""
    if kind.startswith("application/json") and request.method != "HEAD":
        json.loads(text, parse_constant=refuse)
    if kind.startswith("text/html"):
        assert "<xss>" not in text


def refuse(constant: str) -> None:
    """NaN and infinity are not JSON."""
    raise ValueError(constant)


def check_state(
    request: Request, answer: Answer, before: Mapping[str, list[str]], accepted: int
) -> None:
    """An answer of success accepted what it says, any other nothing."""
    pool.get().ledger.check()
    path = request.path.partition("?")[0]
    is_change = request.method == "POST" and answer.is_success
    may_accept = is_change and ("/start/" in path or path.endswith("/retry/"))
    if not may_accept:
        assert accepted == 0
    elif b"key" not in request.body:  # the same form again is no second operation
        assert accepted == 1
    else:
        assert accepted in {0, 1}
    if not is_change:
        assert kept() == before


@fuzzed
@given(drawn=st.lists(fuzzing.requests(), min_size=10, max_size=40))
async def test_no_request_is_an_error_or_changes_what_it_may_not(
    drawn: list[Request], transactional_db: None
) -> None:
    """Any method, path, header and body, one after the other by one visitor."""
    browser = Browser(get_asgi_application())
    with faults() as raised:
        for one in drawn:
            before, accepted = kept(), pool.statistics().accepted
            request = one.to(newest_id(before))
            answer = await browser.ask(request)
            sent[f"{answer.status}"] += 1
            check_answer(request, answer, raised)
            check_state(request, answer, before, pool.statistics().accepted - accepted)
            raised.clear()
    reset()


def reset() -> None:
    """Nothing is left for the next visitor."""
    for hold in tasks.holds.values():
        hold.open()
    tasks.holds.clear()
    for owner in pool.get().ledger.memory.owners():
        submission.end_owner(owner)
    assert kept() == {}


# -- websocket -------------------------------------------------------------------------


async def socket_of(browser: Browser, clock: ManualClock, *, is_json: bool) -> Socket:
    """Open the visitor's socket, on a clock of its own."""
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    headers = [
        (b"host", b"testserver"),
        (b"origin", b"http://testserver"),
        (b"cookie", cookie.encode()),
    ]
    application = SessionMiddlewareStack(TaskConsumer.as_asgi(clock=clock))
    protocols = ["ephemeral-tasks.v1+json"] if is_json else []
    return await Socket(application, "/ws/tasks/", headers, protocols).opened()


async def send(socket: Socket, frame: str | bytes, id: str) -> None:
    """Send a frame as it was drawn, about an operation of the visitor's."""
    is_text = isinstance(frame, str)
    content = {"text": frame.replace(OWN, id)} if is_text else {"bytes": frame}
    await socket.send_input({"type": "websocket.receive", **content})


async def frames_until(socket: Socket, mark: str) -> list[dict[str, Any]]:
    """Return the frames that come before the answer to a marked command."""
    await socket.send_to(text_data=json.dumps({"type": "mark", "request": mark}))
    found: list[dict[str, Any]] = []
    while True:
        text = await socket.receive_from(PATIENCE_SECONDS)
        frame = json.loads(text, parse_constant=refuse)
        if frame.get("request") == mark:
            return found
        found.append(frame)


async def submitted(browser: Browser) -> None:
    """The visitor has an operation, and so an owner."""
    start = Request(
        method="POST",
        path="/tasks/start/web_hold/",
        headers={"content-type": fuzzing.FORM},
        body=b"name=gate",
    )
    assert (await browser.ask(start)).status == 202


@fuzzed
@given(drawn=st.lists(fuzzing.frames, min_size=10, max_size=40))
async def test_each_frame_is_answered_and_a_refused_one_changes_nothing(
    drawn: list[str | bytes], transactional_db: None
) -> None:
    """Any text, bytes, JSON and command, one after the other on a program's socket."""
    browser, clock = Browser(get_asgi_application()), ManualClock()
    await submitted(browser)
    socket = await socket_of(browser, clock, is_json=True)
    for number, one in enumerate(drawn):
        await frames_until(socket, f"before {number}")
        before, accepted = kept(), pool.statistics().accepted
        await send(socket, one, newest_id(before))
        found = await frames_until(socket, f"after {number}")
        sent["frames"] += 1
        pool.get().ledger.check()
        refusals = [frame for frame in found if frame["type"] == "error"]
        if refusals:
            sent[f"frames {refusals[0]['code']}"] += 1
            assert len(refusals) == 1
            assert (kept(), pool.statistics().accepted) == (before, accepted)
        else:
            assert found or "unwatch" in str(one), one  # that alone has no answer
        await clock.advance(1)
    await socket.disconnect()
    reset()


@fuzzed
@given(drawn=st.lists(fuzzing.frames, min_size=10, max_size=40))
async def test_no_frame_ends_a_page_s_socket(
    drawn: list[str | bytes], transactional_db: None, caplog: pytest.LogCaptureFixture
) -> None:
    """Each frame that comes back is HTML without what a visitor wrote as it was."""
    browser, clock = Browser(get_asgi_application()), ManualClock()
    await submitted(browser)
    socket = await socket_of(browser, clock, is_json=False)
    id = newest_id(kept())
    for one in drawn:
        await send(socket, one, id)
    await socket.disconnect(timeout=PATIENCE_SECONDS)
    sent["frames"] += len(drawn)
    while not socket.output_queue.empty():
        event = socket.output_queue.get_nowait()
        assert event["type"] == "websocket.send", event
        assert "<xss>" not in event["text"]
    pool.get().ledger.check()
    assert not [r for r in caplog.records if r.levelno >= logging.ERROR]
    reset()
