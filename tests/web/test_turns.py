"""A program's copy of the table, after whatever happened, against the table."""

import asyncio
import json
from collections import defaultdict
from contextlib import suppress

import pytest
from asgiref.testing import ApplicationCommunicator
from django.contrib.sessions.backends.signed_cookies import SessionStore
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ephemeral_tasks import pool, submission
from ephemeral_tasks.core.testing import ManualClock
from ephemeral_tasks.errors import EphemeralTasksError
from ephemeral_tasks.web import consumers, push
from ephemeral_tasks.web.consumers import TaskConsumer
from ephemeral_tasks.web.owner import SESSION_KEY
from tests.web import tasks
from tests.web.hold import until

pytestmark = [
    pytest.mark.urls("tests.web.urls"),
    pytest.mark.usefixtures("transactional_db"),
]

OWNER = "turns"
MOVING = ("elapsed_seconds", "eta_seconds", "expires_at")

places = st.integers(0, 4)
changes = st.one_of(
    st.tuples(st.sampled_from(["start", "wait", "clog", "unclog", "drop"]), st.none()),
    st.tuples(
        st.sampled_from(["step", "finish", "cancel", "dismiss", "retry"]), places
    ),
    st.tuples(st.sampled_from(["ask cancel", "ask dismiss", "ask retry"]), places),
)
ANSWERED_MEANWHILE = [
    ("start", None),
    ("start", None),
    ("wait", None),
    ("wait", None),
    ("start", None),
    ("finish", 1),
    ("finish", 2),
    ("clog", None),
    ("wait", None),
    ("ask dismiss", 1),
]
"""Two rows are on their way to a slow reader who dismisses the second."""


class Program:
    """A client that keeps a copy of the table, and may be slow to read."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.is_unclogged = asyncio.Event()
        self.is_unclogged.set()
        self.line = asyncio.Lock()
        self.rows: dict[str, dict] = {}
        self.socket: ApplicationCommunicator | None = None

    async def connect(self) -> None:
        """Open a socket; it sends the whole table first."""
        session = SessionStore()
        session[SESSION_KEY] = OWNER
        scope = {
            "type": "websocket",
            "path": "/ws/tasks/",
            "query_string": b"",
            "headers": [(b"host", b"testserver"), (b"origin", b"http://testserver")],
            "subprotocols": ["ephemeral-tasks.v1+json"],
            "session": session,
        }
        self.socket = ApplicationCommunicator(self._serve, scope)
        await self.socket.send_input({"type": "websocket.connect"})
        await self.clock.advance(0)

    async def _serve(self, scope, receive, send) -> None:
        async def send_slowly(event):
            # As uvicorn does with a client that reads a frame at a time: a send returns
            # once the client takes its frame, and the next in line goes on.
            async with self.line:
                await self.is_unclogged.wait()
                if event["type"] == "websocket.send":
                    self._take(json.loads(event["text"]))
                await send(event)

        await TaskConsumer(clock=self.clock)(scope, receive, send_slowly)

    def _take(self, frame: dict) -> None:
        match frame["type"]:
            case "table":
                self.rows = {row["id"]: row for row in frame["operations"]}
            case "row":
                self.rows[frame["operation"]["id"]] = frame["operation"]
            case "removed":
                self.rows.pop(frame["id"], None)

    async def ask(self, kind: str, id: str) -> None:
        """Send a command."""
        text = json.dumps({"type": kind, "id": id, "request": "mine"})
        await self.socket.send_input({"type": "websocket.receive", "text": text})

    async def drop(self) -> None:
        """Go away as a lost connection does, and come again."""
        await self.leave()
        await self.connect()

    async def leave(self) -> None:
        """Go away."""
        self.is_unclogged.set()
        await self.socket.send_input({"type": "websocket.disconnect", "code": 1006})
        await self.socket.wait()

    async def settle(self) -> None:
        """Read on until the copy is the table, and one turn more."""
        self.is_unclogged.set()
        async with asyncio.timeout(2):
            while self.copied() != polled():
                await self.clock.advance(consumers.FRAME_SECONDS)
        await self.clock.advance(consumers.FRAME_SECONDS)

    def copied(self) -> dict[str, dict]:
        """The copy, without what moves by itself."""
        return {id: without_time(row) for id, row in self.rows.items()}


def polled() -> dict[str, dict]:
    """The table as a poll answers it, without what moves by itself."""
    rows = [row.as_json() for row in submission.window(OWNER)]
    return {row["id"]: without_time(json.loads(json.dumps(row))) for row in rows}


def without_time(row: dict) -> dict:
    """The row without what moves by itself."""
    return {key: row[key] for key in row if key not in MOVING}


async def change(
    program: Program, names: dict[str, str], kind: str, place: int
) -> None:
    """Do one thing to the owner's operations, or to the program's connection."""
    window = submission.window(OWNER)
    if place is None:
        await change_connection(program, names, kind)
    elif place < len(window):
        await change_row(program, names, kind, place)
    await program.clock.advance(0)


async def change_connection(program: Program, names: dict[str, str], kind: str) -> None:
    """Start an operation, move the time, or change how the program reads."""
    match kind:
        case "start":
            name = str(len(names))
            names[submission.submit(OWNER, tasks.web_steps, name=name).id] = name
        case "wait":
            await program.clock.advance(consumers.FRAME_SECONDS)
        case "clog":
            program.is_unclogged.clear()
        case "unclog":
            program.is_unclogged.set()
        case "drop":
            await program.drop()


async def change_row(
    program: Program, names: dict[str, str], kind: str, place: int
) -> None:
    """Do one thing to an operation, from another tab or by a command of the program."""
    row = submission.window(OWNER)[place]
    match kind.split():
        case ["step"]:
            tasks.holds[names[row.id]].open()
        case ["finish"] if row.status == "RUNNING":
            release(names[row.id])
            await until(OWNER, lambda rows: rows[place].is_finished)
        case ["ask", verb]:
            await program.ask(verb, row.id)
        case ["cancel" | "dismiss" | "retry" as verb]:
            with suppress(EphemeralTasksError):
                getattr(submission, verb)(OWNER, row.id)


def release(name: str) -> None:
    """The body of this name runs to its end."""
    tasks.holds[name].open()
    tasks.holds[f"{name} again"].open()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=st.lists(changes, max_size=25))
@example(drawn=ANSWERED_MEANWHILE)
async def test_a_program_s_copy_becomes_the_table(drawn: list) -> None:
    """Any changes in any order, slow reads, commands and lost connections between."""
    pool.reset()
    tasks.holds.clear()
    names: dict[str, str] = defaultdict(lambda: "unknown")  # of one that was retried
    program = Program()
    await program.connect()
    for kind, place in drawn:
        await change(program, names, kind, place)
    for name in names.values():
        release(name)
    await until(OWNER, lambda rows: all(row.is_finished for row in rows))
    await program.settle()

    assert program.copied() == polled()
    await program.leave()


async def test_a_slow_reader_gets_the_last_state_when_the_server_ends() -> None:
    """Both rows of the turn that was being sent, and what changed since."""
    pool.reset()
    tasks.holds.clear()
    names: dict[str, str] = {}
    program = Program()
    await program.connect()
    for kind, place in ANSWERED_MEANWHILE[:-1]:
        await change(program, names, kind, place)
    release(names[submission.window(OWNER)[0].id])
    await until(OWNER, lambda rows: all(row.is_finished for row in rows))

    push.close_all()
    await program.clock.advance(0)
    program.is_unclogged.set()
    await program.socket.wait()

    assert program.copied() == polled()
