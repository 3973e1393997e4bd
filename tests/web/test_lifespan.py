"""What the server's lifespan messages do."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from asgiref.testing import ApplicationCommunicator

from ephemeral_tasks import pool
from ephemeral_tasks.asgi import with_lifespan


async def elsewhere(scope, receive, send):
    """What is not lifespan's comes here."""
    await send({"type": "came", "scope": scope["type"]})


async def test_shutdown_does_not_wait_for_the_servers_threads():
    """Requests may have left them blocked; the pool is closed all the same."""
    pool.statistics()  # starts it
    loop, unblock = asyncio.get_running_loop(), threading.Event()
    loop.set_default_executor(ThreadPoolExecutor(1))
    blocked = loop.run_in_executor(None, unblock.wait)
    lifespan = ApplicationCommunicator(with_lifespan(elsewhere), {"type": "lifespan"})

    try:
        await lifespan.send_input({"type": "lifespan.shutdown"})
        answer = await lifespan.receive_output(10)
    finally:
        unblock.set()

    assert answer == {"type": "lifespan.shutdown.complete"}
    assert pool.current().ledger.is_closed
    assert await blocked


async def test_everything_else_is_passed_on():
    """HTTP and sockets are the application's own."""
    http = ApplicationCommunicator(with_lifespan(elsewhere), {"type": "http"})

    assert await http.receive_output() == {"type": "came", "scope": "http"}
