"""Ten thousand steps and an end, seen by a client of an otherwise idle server."""

import json
import time

import pytest

from tests.servers.commands import DAPHNE, UVICORN

PATIENCE_SECONDS = 30
JITTER_SECONDS = 0.1  # of a frame on its way through a busy machine


@pytest.fixture(params=[DAPHNE, UVICORN], ids=lambda server: server.name)
def server(request):
    """A server with sockets."""
    return request.param


def frames_until_end(socket, id):
    """Return each frame with its moment, up to the one that says it has ended."""
    frames = []
    while True:
        frame = json.loads(socket.recv(timeout=PATIENCE_SECONDS))
        frames.append((time.monotonic(), frame))
        row = frame.get("operation", {})
        if row.get("id") == id and row["is_finished"]:
            return frames


@pytest.mark.parametrize("task", ["rush", "plain_rush"])
def test_ten_thousand_steps_end_with_the_end(server, task, make_served, make_visitor):
    """The last frame says so, time and again, and at most four came in a second."""
    visitor = make_visitor(make_served(server))
    visitor.start("rush", "first")
    frames = []
    with visitor.socket() as socket:
        assert json.loads(socket.recv())["type"] == "table"
        for number in range(4):
            row = visitor.start(task, str(number))
            frames += frames_until_end(socket, row["id"])
            assert frames[-1][1]["operation"]["status"] == "SUCCESSFUL"
        with pytest.raises(TimeoutError):
            socket.recv(timeout=0.5)

    moments = [moment for moment, _ in frames]
    spans = [last - first for first, last in zip(moments, moments[4:], strict=False)]
    assert all(span > 1.0 - JITTER_SECONDS for span in spans)


def test_the_poll_reaches_the_end_when_every_push_is_lost(
    server, make_served, make_visitor
):
    """The state is the truth, a push only speeds it up."""
    visitor = make_visitor(make_served(server, SITE_LOSES_PUSHES="1"))
    visitor.start("rush", "first")
    with visitor.socket() as socket:
        visitor.start("plain_rush", "second")

        assert "is-successful" in visitor.polled_until_it_stops()

        with pytest.raises(TimeoutError):
            socket.recv(timeout=0)
