"""Sockets that are told something: by our registry, and by a channel layer's group."""

import asyncio
import time

from channels.generic.websocket import AsyncWebsocketConsumer
from channels.layers import get_channel_layer

from ephemeral_tasks import pool, signals
from ephemeral_tasks.web import push

EVERYBODY = "everybody"
FRAME = "<tr><td>what a table of five rows is long</td></tr>" * 100


class _Count:
    """How many sockets of a kind there are, and how many have sent their frame."""

    def __init__(self) -> None:
        self.sockets = self.sent = 0
        self.is_done = asyncio.Event()

    def add(self) -> None:
        """Count a frame that the server has taken."""
        self.sent += 1
        if self.sent == self.sockets:
            self.is_done.set()


counts = {"registry": _Count(), "layer": _Count()}


class InRegistry(AsyncWebsocketConsumer):
    """Hears of a change as our own consumer does."""

    channel_layer_alias = "none"

    async def connect(self) -> None:
        """Listen."""
        await self.accept()
        self._unsubscribe = push.subscribe(EVERYBODY, self)
        counts["registry"].sockets += 1

    def wake(self) -> None:
        """Send the frame."""
        self._task = asyncio.get_running_loop().create_task(self._tell())

    async def _tell(self) -> None:
        await self.send(text_data=FRAME)
        counts["registry"].add()

    async def disconnect(self, code: int) -> None:
        """Listen no more."""
        self._unsubscribe()
        counts["registry"].sockets -= 1


class InLayer(AsyncWebsocketConsumer):
    """Hears of a change as Channels' tutorial does it."""

    groups = (EVERYBODY,)

    async def connect(self) -> None:
        """Listen."""
        await self.accept()
        counts["layer"].sockets += 1

    async def tell(self, event: dict[str, str]) -> None:
        """Send the frame."""
        await self.send(text_data=FRAME)
        counts["layer"].add()

    async def disconnect(self, code: int) -> None:
        """Count one less."""
        counts["layer"].sockets -= 1


async def broadcast(how: str) -> dict[str, float]:
    """Tell all sockets of a kind from the pool's loop; return what it took."""
    count = counts[how]
    count.sent = 0
    count.is_done.clear()
    loop = asyncio.get_running_loop()

    def by_layer() -> None:
        sending = get_channel_layer().group_send(EVERYBODY, {"type": "tell"})
        asyncio.run_coroutine_threadsafe(sending, loop)

    def by_registry() -> None:
        signals.send_changed(EVERYBODY)

    before, cpu = time.perf_counter(), time.process_time()
    pool.get().post(by_registry if how == "registry" else by_layer)
    await asyncio.wait_for(count.is_done.wait(), 60)
    wall = time.perf_counter() - before
    return {"wall": wall, "cpu": time.process_time() - cpu, "sockets": count.sockets}
