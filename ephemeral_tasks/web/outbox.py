"""What a socket still has to send: turns of changes, and answers to commands."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from .protocols import Protocol


class Outbox:
    """Sends turns and answers one after the other. Belongs to the socket's loop."""

    def __init__(self, protocol: Protocol, send: Callable[[str], Awaitable[None]]):
        self._protocol = protocol
        self._send = send
        # Held while a turn or an answer is encoded and sent. A command's answer between
        # two frames of a turn would be overwritten by the second one, which is older.
        self._line = asyncio.Lock()
        self._unsent: deque[str] = deque()  # of the turn that is being sent

    async def send_turn(self, owner: str) -> bool:
        """Send all that the client lacks, and return whether it lacked anything."""
        async with self._line:
            self._unsent.extend(await self._protocol.take_changes(owner))
            is_due = bool(self._unsent)
            while self._unsent:
                await self._send(self._unsent[0])
                # Not before: if the server ends meanwhile, the frame is sent once more.
                self._unsent.popleft()
        return is_due

    async def send_answer(self, encode: Callable[[], list[str]]) -> None:
        """Send the frames that answer a command, encoded when it is their turn."""
        async with self._line:
            for frame in encode():
                await self._send(frame)

    async def take_last(self, owner: str) -> list[str]:
        """Return all that the client lacks, once no turn is being sent any more."""
        changes = await self._protocol.take_changes(owner)
        return [*self._unsent, *changes]
