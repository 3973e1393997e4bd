"""Each server, told to end while operations run and wait and a socket is open."""

import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import product

import pytest
from websockets.exceptions import ConnectionClosed

from tests.servers.commands import (
    ASGI,
    INTERRUPT,
    SERVERS,
    TERMINATE,
    End,
    gunicorn,
)
from tests.servers.process import until
from tests.servers.serving import Served, visitors_of_all

DRAIN_SECONDS = 1.5
HELD_SECONDS = 0.5  # a socket that is open after so long was not closed
LEEWAY_SECONDS = 3.0  # of a machine that has other things to do

WAYS = [*product(SERVERS, (TERMINATE, INTERRUPT))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a server with work of ours ended, and beside it one without."""

    server: object
    how: str
    served: Served
    """With what bodies noted; the process has ended."""
    processes: tuple[str, ...]
    """The processes that had work."""
    seconds: float
    exit_code: int
    close_code: int | None
    """What the browser saw; None without sockets."""
    own_seconds: float
    """How long the server without us took."""
    own_exit_code: int

    @property
    def is_drained(self):
        """Whether the server lets us drain."""
        return self.server.ends(self.how) is End.DRAINED

    def noted(self, name, word):
        """Return the processes in which the operation of that name noted the word."""
        marks = [
            self.served.is_noted(f"{name}{number}", word)
            for number in range(len(self.processes))
        ]
        return tuple(mark for mark in marks if mark)


@pytest.fixture(scope="module", params=WAYS, ids=lambda way: f"{way[0].name}-{way[1]}")
def ending(request, tmp_path_factory, database):
    """A server that was told to end, and has."""
    server, how = request.param
    folder = tmp_path_factory.mktemp(server.name)
    with ExitStack() as stack:
        bare = stack.enter_context(Served(server, folder / "bare", is_bare=True))
        served = stack.enter_context(
            Served(
                server,
                folder / "site",
                database=database,
                settings={"DRAIN_SECONDS": DRAIN_SECONDS, "MAX_RUNNING": 2},
            )
        )
        bare.until_ready()
        visitors = visitors_of_all(served.until_ready(), stack)
        for number, visitor in enumerate(visitors):
            submit_all(served, visitor, number)
        sockets = []
        if server.has_sockets:
            sockets = [
                stack.enter_context(bare.socket()),
                stack.enter_context(visitors[0].socket()),
            ]
            for opened in sockets:
                opened.recv()
        if server.holds_sockets:
            for visitor in visitors:  # their connections would be held, too
                visitor.close()

        told_at = time.monotonic()
        bare.signal(how)
        served.signal(how)
        closings = [
            close_code_of(opened, is_held=server.holds_sockets)
            for opened in reversed(sockets)
        ]
        ends = {}
        until(lambda: have_ended([bare, served], ends), "both end")
        yield Ending(
            server=server,
            how=how,
            served=served,
            processes=tuple(visitor.process for visitor in visitors),
            seconds=ends[served] - told_at,
            exit_code=served.exit_code(),
            close_code=next(iter(closings), None),
            own_seconds=ends[bare] - told_at,
            own_exit_code=bare.exit_code(),
        )


def submit_all(served, visitor, number):
    """Let two operations run, and two wait for each of their places."""
    visitor.start("plain_until_end", f"first{number}")
    visitor.start("endless", f"endless{number}")
    served.until_noted(f"first{number}", "started")
    served.until_noted(f"endless{number}", "started")
    visitor.start("until_end", f"second{number}")
    visitor.start("plain_endless", f"plain{number}")
    visitor.start("until_end", f"last{number}")


def close_code_of(opened, *, is_held):
    """Return what a browser sees when the socket closes, None when it has to."""
    try:
        while True:
            opened.recv(timeout=HELD_SECONDS if is_held else 30)
    except ConnectionClosed as error:
        return error.rcvd.code if error.rcvd else 1006
    except TimeoutError:
        assert is_held
        opened.close()
        return None


def have_ended(programs, ends):
    """Note the moments at which programs ended; whether all have."""
    for program in programs:
        if program not in ends and program.process.poll() is not None:
            ends[program] = time.monotonic()
    return len(ends) == len(programs)


def test_accepted_work_finishes_within_the_drain(ending):
    """What ran, and what waited for its place, once the process took no more."""
    expected = ending.processes if ending.is_drained else ()
    if ending.server.ends(ending.how) is not End.CUT_SHORT:
        assert ending.noted("first", "finished") == expected
    assert ending.noted("second", "finished") == expected


def test_the_rest_is_cancelled_and_cleans_up(ending):
    """Also a plain body, in its thread, and what waited until then."""
    expected = ending.processes if ending.is_drained else ()
    if ending.server.ends(ending.how) is not End.CUT_SHORT:
        assert ending.noted("endless", "cleaned") == expected
    assert ending.noted("plain", "cleaned") == expected
    assert ending.noted("last", "started") == ()


def test_the_process_ends_a_second_after_the_drain(ending):
    """And not later than the server would by itself, besides."""
    bound = ending.own_seconds
    if ending.is_drained:
        bound += DRAIN_SECONDS + 1.0
    assert ending.seconds < bound + LEEWAY_SECONDS


def test_the_exit_code_is_the_servers_own(ending):
    """As without us, with a socket open, too."""
    codes = {ending.own_exit_code}
    if "daphne" in ending.server.name and sys.version_info < (3, 12):
        # CPython 3.11 may crash, at its very end, on what Daphne left behind of an
        # open socket, whatever application that belonged to.
        codes = {0, -11}
    assert ending.exit_code in codes


def test_sockets_close_as_the_server_can(ending):
    """1012, where it can say so; browsers come back in any case."""
    expected = {ending.server.close_code}
    if not ending.server.has_sockets or ending.server.holds_sockets:
        expected = {None}
    elif ending.how == INTERRUPT:
        expected = {1006, 1011, 1012}
    assert ending.close_code in expected


def test_no_traceback_of_ours_is_left(ending):
    """Whatever was interrupted."""
    log = ending.served.log
    assert "Exception ignored" not in log
    assert "ephemeral_tasks/" not in log
    if not ending.server.noise:
        assert "Traceback" not in log


def test_what_was_dropped_is_said(ending):
    """In one line, before it is cancelled."""
    line = "the process ends: cancelling 2 running and 1 waiting operations"
    count = len(ending.processes) if ending.is_drained else 0
    if ending.server.ends(ending.how) is not End.CUT_SHORT:
        assert ending.served.log.count(line) == count


def test_gunicorns_own_asgi_worker_waits_as_long_as_its_master(
    make_served, make_visitor
):
    """An open socket costs the drain, unless the worker is told to wait less."""
    server = gunicorn("gunicorn-asgi", "asgi", "--graceful-timeout", "1", app=ASGI)
    served = make_served(server, settings={"DRAIN_SECONDS": DRAIN_SECONDS})
    visitor = make_visitor(served)
    visitor.start("endless", "a")
    served.until_noted("a", "started")
    with visitor.socket() as opened:
        opened.recv()
        visitor.close()

        served.terminate()

        assert served.exit_code() == 0
    assert not served.is_noted("a", "cleaned")
