"""A process with a membership: does what the lines on its standard input ask."""

import asyncio
import json
import os
import signal
import sys
import threading

from django.conf import settings

GIVEN = json.loads(os.environ["MEMBER_SETTINGS"])
settings.configure(
    SECRET_KEY=GIVEN["SECRET_KEY"],
    SETTINGS_MODULE=GIVEN["SETTINGS_MODULE"],
    EPHEMERAL_TASKS={"POOL": "machine", "POOL_DIR": sys.argv[1]},
)

from ephemeral_tasks.errors import EphemeralTasksError  # noqa: E402
from ephemeral_tasks.machine.calls import ConnectionLost  # noqa: E402
from ephemeral_tasks.machine.folder import find_places  # noqa: E402
from ephemeral_tasks.machine.membership import NOBODY, Membership  # noqa: E402

RAN: list[str] = []
ELECTED: list[int] = []
LOST = threading.Semaphore(0)
WAITING = threading.Semaphore(0)
IDLE = threading.Semaphore(0)


def dispatch(peer, verb, payload):
    """Answer a client."""
    (args, _) = payload
    if verb == "pid":
        return os.getpid()
    if verb == "ran":
        return RAN
    if verb == "hang":
        return hang()
    RAN.append(args[0])
    return args[0]


async def hang():
    """Wait until the client has gone."""
    WAITING.release()
    try:
        await asyncio.Event().wait()
    finally:
        IDLE.release()


MEMBERSHIP = Membership(
    dispatch,
    on_host=lambda listener: ELECTED.append(os.getpid()),
    on_lost=lambda link: LOST.release(),
)


def where(create=True, timeout=2.0):
    """Say which part this process has."""
    place = MEMBERSHIP.where(create, timeout)
    if place is NOBODY:
        return "nobody"
    return "host" if place is None else "client"


def call(verb, value=None, timeout=2.0):
    """Call a verb, here or at the host."""
    place = MEMBERSHIP.where()
    if place is None:
        return dispatch(None, verb, ((value,), {}))
    return place.call(verb, (value,), timeout=timeout)


def retire():
    """Host no more."""
    MEMBERSHIP.retire()


def care():
    """Look after the host's files now."""
    look_after = MEMBERSHIP._hosting.look_after
    MEMBERSHIP.listener._call(lambda: look_after(find_places()))


def lost():
    """Wait until the host was lost."""
    return LOST.acquire(timeout=10)


def broadcast():
    """Send all clients a notice."""
    MEMBERSHIP.listener.broadcast("notice", None)


def until_waiting():
    """Wait until a client hangs."""
    return WAITING.acquire(timeout=10)


def until_idle():
    """Wait until a client that hung has gone."""
    return IDLE.acquire(timeout=10)


def fork():
    """Say what a forked child is, and go on as before."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writing, json.dumps([where(False), call("pid")]).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    return json.loads(os.read(reading, 4096))


def linger():
    """Fork a child that outlives this process, for half a minute at most."""
    pid = os.fork()
    if pid == 0:
        signal.alarm(30)
        signal.pause()
    return pid


ACTIONS = {
    action.__name__: action
    for action in (
        *(where, call, retire, care, lost, fork, linger),
        *(broadcast, until_waiting, until_idle),
    )
}


def main():
    """Answer each line."""
    for line in sys.stdin:
        action, *args = json.loads(line)
        try:
            answer = ACTIONS[action](*args)
        except (EphemeralTasksError, ConnectionLost) as error:
            answer = type(error).__name__
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
