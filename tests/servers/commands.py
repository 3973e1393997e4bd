"""The servers: how each is started, and what is known of how it ends."""

import enum
import sys
from dataclasses import dataclass

ASGI = "asgi:application"
WSGI = "wsgi:application"

TERMINATE, INTERRUPT = "terminate", "interrupt"
"""SIGTERM, and SIGINT as Ctrl-C sends it."""


class End(enum.Enum):
    """What a server's end means for our work."""

    DRAINED = "drained"
    CUT_SHORT = "cut short"
    """Our hook fires, and a fraction of a second later the process is killed."""
    KILLED = "killed"
    """No hook fires."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One way to serve a site."""

    name: str
    """Names the test."""

    words: tuple[str, ...]
    """The command; ``{port}`` stands for the port."""

    app: str = ""
    """The application within the site; runserver finds it in the settings."""

    terminated: End = End.DRAINED
    """What SIGTERM does."""

    interrupted: End = End.DRAINED
    """What Ctrl-C does."""

    has_sockets: bool = True
    """Whether it serves websockets."""

    close_code: int = 1006
    """What a browser sees of an open socket on SIGTERM; 1006 when it just drops."""

    holds_sockets: bool = False
    """Whether it goes on until browsers close their sockets."""

    workers: int = 1
    """Processes that serve."""

    has_daphne: bool = False
    """Whether ``daphne`` is installed as an app, which replaces runserver."""

    interrupts_group: bool = True
    """Whether Ctrl-C may reach master and workers at once."""

    noise: str = ""
    """A line of a traceback that is the server's own and none of ours."""

    def ends(self, how):
        """Return what a signal does."""
        return self.terminated if how == TERMINATE else self.interrupted

    def command(self, port, *, is_bare=False):
        """Return the words of the command."""
        words = [word.format(port=port) for word in self.words]
        return [*words, f"{_site(is_bare=is_bare)}.{self.app}"] if self.app else words

    def environment(self, *, is_bare=False):
        """Return what the environment must say."""
        return {
            "DJANGO_SETTINGS_MODULE": f"{_site(is_bare=is_bare)}.settings",
            "SITE_HAS_DAPHNE": "1" if self.has_daphne else "0",
        }


def _site(*, is_bare):
    return "tests.servers.bare" if is_bare else "tests.servers.site"


def uvicorn(name, *words, **facts):
    """Return a way to serve with uvicorn."""
    command = ("uvicorn", "--port", "{port}", *words)
    return Server(name=name, words=command, app=ASGI, close_code=1012, **facts)


def gunicorn(name, kind, *words, app=WSGI, **facts):
    """Return a way to serve with gunicorn."""
    bind = ("--bind", "127.0.0.1:{port}", "--no-control-socket")
    return Server(
        name=name,
        words=("gunicorn", *bind, "--worker-class", kind, *words),
        app=app,
        has_sockets=app == ASGI,
        # A gthread worker that hears of Ctrl-C from the terminal and from its master
        # may stand still in gunicorn's own handler until it is killed; uvicorn's
        # worker does not hear its master.
        interrupts_group="uvicorn" in name,
        **facts,
    )


def runserver(name, *words, has_daphne=False, **facts):
    """Return a way to serve with Django's own command."""
    return Server(
        name=name,
        words=("python", "-m", "django", "runserver", *words, "127.0.0.1:{port}"),
        has_sockets=has_daphne,
        has_daphne=has_daphne,
        **facts,
    )


IS_OLD = sys.version_info < (3, 12)

TASK_POOL = Server(name="task_pool", words=("python", "-m", "django", "task_pool"))
DAPHNE = Server(name="daphne", words=("daphne", "-p", "{port}"), app=ASGI)
UVICORN = uvicorn("uvicorn")
GTHREAD = gunicorn("gunicorn-gthread", "gthread", "--threads", "4")
RUNSERVER = runserver("runserver", "--noreload", terminated=End.KILLED)
RUNSERVER_RELOADING = runserver(
    "runserver-reloading", terminated=End.KILLED, interrupted=End.CUT_SHORT
)
RUNSERVER_DAPHNE_RELOADING = runserver(
    "runserver-daphne-reloading",
    has_daphne=True,
    terminated=End.KILLED,
    interrupted=End.CUT_SHORT,
)

SERVERS = (
    DAPHNE,
    UVICORN,
    uvicorn("uvicorn-2", "--workers", "2", "--timeout-keep-alive", "60", workers=2),
    gunicorn("gunicorn-sync", "sync"),
    GTHREAD,
    gunicorn(
        "gunicorn-uvicorn", "uvicorn_worker.UvicornWorker", app=ASGI, close_code=1012
    ),
    gunicorn(
        "gunicorn-asgi",
        "asgi",
        *("--config", "python:tests.servers.gunicorn_asgi"),
        app=ASGI,
        close_code=1012,
    ),
    Server(
        name="hypercorn",
        words=("hypercorn", "--bind", "127.0.0.1:{port}", "--graceful-timeout", "1"),
        app=ASGI,
        close_code=1011,
        # Since CPython 3.12 a listener that was closed waits for its connections.
        holds_sockets=not IS_OLD,
        # CPython before that asks a cancelled connection for its exception.
        noise="StreamReaderProtocol" if IS_OLD else "",
    ),
    Server(
        name="granian",
        words=("granian", "--interface", "asgi", "--port", "{port}"),
        app=ASGI,
        # A worker that gets Ctrl-C from the terminal and SIGTERM from its supervisor at
        # the same moment may wait for ever for itself in granian's own handler.
        interrupts_group=False,
    ),
    RUNSERVER,
    RUNSERVER_RELOADING,
    runserver("runserver-daphne", "--noreload", has_daphne=True),
    RUNSERVER_DAPHNE_RELOADING,
)
