"""apertium-apy, made to listen on loopback: it has no option for that.

Arguments: its own. Prints the port once it listens.
"""

import sys
from typing import Any

from apertium_apy import apy
from tornado import httpserver, netutil


def bind_loopback(self: httpserver.HTTPServer, port: int, **options: Any) -> None:
    """Listen on a free port of 127.0.0.1, whatever was asked for."""
    sockets = netutil.bind_sockets(0, "127.0.0.1")
    self._pending_sockets.extend(sockets)
    sys.stdout.write(f"{sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()


httpserver.HTTPServer.bind = bind_loopback
sys.argv[0] = "apertium-apy"
apy.main()
