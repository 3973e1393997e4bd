"""Visitors, their browsers and their sockets."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import AsyncClient

from ephemeral_tasks import pool, routing
from ephemeral_tasks.core import LoopClock
from ephemeral_tasks.core.testing import ManualClock
from ephemeral_tasks.registry import registry
from ephemeral_tasks.web.owner import SESSION_KEY
from tests.web import flaky_sessions, tasks
from tests.web.flaky_sessions import Outage
from tests.web.hold import until, until_status

HTML = "text/html,application/xhtml+xml,*/*;q=0.8"


@pytest.fixture(autouse=True)
def _without_the_demos_tasks(monkeypatch):
    """Forms of this site have no media of the demo's, which other tests import."""
    list_exposed = type(registry).list_exposed

    def list_own(found):
        return [
            task
            for task in list_exposed(found)
            if not task.module_path.startswith("demo_site.")
        ]

    monkeypatch.setattr(type(registry), "list_exposed", list_own)


class Visitor:
    """One browser: its cookies, its requests, its sockets."""

    def __init__(self) -> None:
        self.client = AsyncClient()

    async def owner(self) -> str | None:
        """The owner key inside the visitor's session."""
        if settings.SESSION_COOKIE_NAME not in self.client.cookies:
            return None
        session = await self.client.asession()
        return await session.aget(SESSION_KEY)

    async def log_in(self, name: str = "ann", **fields: Any) -> None:
        """Log in as a user who is made for it."""
        user = await get_user_model().objects.acreate_user(name, **fields)
        await self.client.aforce_login(user)

    async def until_status(self, *statuses: str) -> Any:
        """The visitor's rows once their statuses are these, newest first."""
        owner = await self.owner()
        assert owner is not None
        return await until_status(owner, *statuses)

    async def until(self, is_reached: Callable[[Any], bool]) -> Any:
        """The visitor's rows once they are as asked, newest first."""
        owner = await self.owner()
        assert owner is not None
        return await until(owner, is_reached)

    async def get(self, path: str, **headers: str) -> Any:
        """What a program gets, unless the headers say who asks."""
        return await self.client.get(path, headers=headers)

    async def get_htmx(self, path: str, **headers: str) -> Any:
        """What htmx gets."""
        return await self.client.get(path, headers={"HX-Request": "true", **headers})

    async def get_page(self, path: str, **headers: str) -> Any:
        """What a browser gets."""
        return await self.client.get(path, headers={"Accept": HTML, **headers})

    async def post(self, path: str, data: Any = None, **headers: str) -> Any:
        """What a program gets that posts a form."""
        return await self.client.post(path, data or {}, headers=headers)

    async def post_htmx(self, path: str, data: Any = None, **headers: str) -> Any:
        """What htmx gets for a form."""
        return await self.post(path, data, **{"HX-Request": "true", **headers})

    async def post_page(self, path: str, data: Any = None, **headers: str) -> Any:
        """What a browser gets for a form."""
        return await self.post(path, data, **{"Accept": HTML, **headers})

    async def post_json(self, path: str, data: Any, **headers: str) -> Any:
        """What a program gets that posts JSON."""
        body = data if isinstance(data, str) else json.dumps(data)
        return await self.client.post(
            path, body, content_type="application/json", headers=headers
        )

    async def start(self, task: str, **data: Any) -> dict[str, Any]:
        """Start a task and return its row."""
        response = await self.post(f"/tasks/start/{task}/", data)
        assert response.status_code == 202, response.content
        return response.json()

    async def held(self, name: str) -> dict[str, Any]:
        """Start an operation that runs until ``tasks.holds[name]`` opens."""
        return await self.start("web_hold", name=name)

    async def writing(self, *texts: str, name: str = "w") -> str:
        """Start an operation that has written the first text; return its id.

        It writes the next one each time ``tasks.holds[name]`` lets it pass.
        """
        tasks.texts[name] = [*texts]
        row = await self.start("web_write", name=name)
        await tasks.holds[name].aentered()
        return str(row["id"])


class Socket(WebsocketCommunicator):
    """A visitor's websocket."""

    async def opened(self) -> Socket:
        """The socket, accepted."""
        accepted, _ = await self.connect()
        assert accepted
        return self

    async def closed_with(self) -> int:
        """The code of the close that comes next."""
        event = await self.receive_output()
        assert event["type"] == "websocket.close", event
        return event["code"]

    async def ask(self, **message: Any) -> Any:
        """Send a command and return the JSON frame that comes next."""
        await self.send_json_to(message)
        return await self.receive_json_from()


@pytest.fixture
def clock() -> ManualClock:
    """The time of consumers, moved by the test."""
    return ManualClock()


@pytest_asyncio.fixture(autouse=True)
async def fresh_pool() -> AsyncIterator[None]:
    """Nothing is left of the test before, and nothing is left for the next."""
    tasks.holds.clear()
    tasks.calls.clear()
    tasks.results.clear()
    tasks.texts.clear()
    tasks.form_gates.clear()
    yield
    for hold in tasks.holds.values():
        hold.open()
    pool.reset()


@pytest.fixture
def store_away(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Outage:
    """A block within which the store of sessions is away."""
    settings.SESSION_ENGINE = "tests.web.flaky_sessions"
    monkeypatch.setattr(flaky_sessions, "outage", Outage())
    return flaky_sessions.outage


@pytest.fixture
def visitor(transactional_db: None) -> Visitor:
    """A visitor."""
    return Visitor()


@pytest.fixture
def stranger(transactional_db: None) -> Visitor:
    """Another visitor, with a browser of their own."""
    return Visitor()


@pytest_asyncio.fixture
async def make_socket() -> AsyncIterator[Any]:
    """Open sockets as a browser does: own origin, the visitor's cookies."""
    application = URLRouter(routing.websocket_urlpatterns)
    sockets: list[Socket] = []

    def make(
        visitor: Visitor | None = None,
        *,
        path: str = "/ws/tasks/",
        origin: str | None = "http://testserver",
        is_json: bool = False,
        served_by: Any = application,
        **scope: Any,
    ) -> Socket:
        headers = [(b"host", b"testserver")]
        if origin is not None:
            headers.append((b"origin", origin.encode()))
        if visitor is not None:
            name = settings.SESSION_COOKIE_NAME
            morsel = visitor.client.cookies.get(name)
            if morsel is not None:
                headers.append((b"cookie", f"{name}={morsel.value}".encode()))
        protocols = ["ephemeral-tasks.v1+json"] if is_json else []
        socket = Socket(served_by, path, headers, protocols)
        socket.scope.update(scope)
        sockets.append(socket)
        return socket

    yield make
    for socket in sockets:
        if socket.future is not None and not socket.future.done():
            await socket.disconnect()


class SteppedClock(LoopClock):
    """The system's time, set forward by the test."""

    def __init__(self) -> None:
        self.ahead_seconds = 0.0

    def time(self) -> float:
        """Return seconds since the epoch, UTC."""
        return super().time() + self.ahead_seconds


@pytest.fixture
def pool_clock() -> SteppedClock:
    """The time of a pool that is made with it."""
    clock = SteppedClock()
    pool.reset(clock)
    return clock
