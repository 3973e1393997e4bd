"""The host's end of the wire: a thread that answers the calls of all clients."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import selectors
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from . import messages
from .credentials import is_same_user
from .drops import log_drop
from .endpoint import Endpoint
from .peer import Dispatch, Peer
from .wire import Kind, pack

logger = logging.getLogger("ephemeral_tasks")

_NAME = "ephemeral-tasks-listener"
_REST_SECONDS = 0.5  # after an accept() that failed, for want of descriptors usually
_JOIN_SECONDS = 1.0
_ENDING_SECONDS = 0.5


class Listener:
    """Listens from the start on, and answers from ``start`` on until ``close``.

    Raises:
        OSError: The socket cannot be made there.
    """

    def __init__(
        self,
        address: Path,
        key: bytes,
        dispatch: Dispatch,
        *,
        on_closed: Callable[[Peer], object] | None = None,
    ) -> None:
        self._address = address
        self._key = key
        self._dispatch = dispatch
        self._on_closed = on_closed
        self._peers: set[Peer] = set()
        """Changed on the listener's loop; replaced, never edited, for its readers."""
        self._retiring = threading.Lock()
        """Guards the next line, and the making and removal of the socket's file."""
        self._is_retired = False
        self._is_ended = False
        self._ending: asyncio.Task[None] | None = None
        """Both are written on the listener's loop."""
        self._endpoint = Endpoint(address)  # first: a loop has files to close
        self._selector = selectors.DefaultSelector()
        self._loop = asyncio.SelectorEventLoop(self._selector)
        # Not in the context of the code that first needed the pool.
        run = contextvars.Context().run
        self._thread = threading.Thread(
            target=run, args=(self._turn,), name=_NAME, daemon=True
        )

    def start(self) -> None:
        """Answer from now on; what connected before has waited."""
        self._thread.start()

    @property
    def peers(self) -> tuple[Peer, ...]:
        """The clients whose handshake has succeeded; from any thread."""
        return tuple(peer for peer in self._peers if peer.is_ready)

    def broadcast(self, kind: str, payload: object) -> None:
        """Send a notice to all clients; from any thread, never blocks."""
        peers = self.peers
        if peers:
            notice = messages.pack_notice(kind, payload)
            frame = pack(Kind.NOTICE, payload=notice)
            for peer in peers:
                peer.send_notice(frame)

    @property
    def is_replaced(self) -> bool:
        """Whether another process has made the socket's file anew."""
        return self._endpoint.is_replaced

    def repeat(self, seconds: float, function: Callable[[], object]) -> None:
        """Call a function on the listener's thread again and again until it ends."""

        def turn() -> None:
            self._loop.call_later(seconds, turn)
            function()

        self._loop.call_soon_threadsafe(
            self._loop.call_later, seconds, turn, context=contextvars.Context()
        )

    def renew(self) -> None:
        """Listen at the address again if its file is missing; on the listener's thread.

        The caller holds the host's lock. Clients that are connected notice nothing.
        """
        with self._retiring:  # or the new file would outlive a host that retires
            if self._is_retired or self._endpoint.is_in_place:
                return
            old, self._endpoint = self._endpoint, Endpoint(self._address)
        self._loop.remove_reader(old.socket)
        old.close()
        self._loop.add_reader(self._endpoint.socket, self._accept)
        # Later: the caller holds a lock, and a handler of the site's may do anything.
        text = "the socket of the machine's pool was removed: made again"
        self._loop.call_soon(logger.warning, text)

    def retire(self) -> None:
        """Take no new client, and say so to all; calls are answered as before.

        The caller still holds the host's lock, or another process has made the file.
        """
        with self._retiring:  # a second caller returns once the file is gone
            if self._is_retired:
                return
            self._is_retired = True
            # Here, not on a loop that a verb may block: later it may be another host's.
            self._endpoint.remove_file()
        self._call(self._retire)

    def close(self) -> None:
        """End all connections and the thread; from any other thread.

        Answers that are due at this instant are sent before, within half a second.
        """
        self.retire()
        if self._thread.ident is None:  # it was never started
            self._loop.close()
        elif self._thread.is_alive():
            with suppress(RuntimeError):  # another thread has closed it
                self._loop.call_soon_threadsafe(self._begin_end)
            self._thread.join(_JOIN_SECONDS)

    def end(self) -> None:
        """End as ``close`` does, soon; on the listener's thread."""
        self._begin_end()

    def abandon(self) -> None:
        """Close a forked child's copies of the descriptors; the parent goes on.

        Without the loop's own ways: they would change what the parent's selector
        watches, which is the same one.
        """
        self._endpoint.close()
        # None is left: their outboxes' locks may be held by threads of the parent.
        peers, self._peers = self._peers, set()
        for peer in peers:
            peer.abandon()
        self._selector.close()

    def _turn(self) -> None:
        if not self._is_retired:  # before it was started
            self._loop.add_reader(self._endpoint.socket, self._accept)
        try:
            while not self._is_ended:
                # What the awaitables of a verb may raise through the loop.
                with suppress(SystemExit, KeyboardInterrupt):
                    self._loop.run_forever()
        finally:
            self._loop.close()

    def _call(self, function: Callable[[], object]) -> None:
        """Call a function on the loop and wait for it, or here if it need not."""
        if not self._thread.is_alive() or threading.current_thread() is self._thread:
            function()
            return
        is_done = threading.Event()

        def call() -> None:
            try:
                function()
            finally:
                is_done.set()

        self._loop.call_soon_threadsafe(call, context=contextvars.Context())
        is_done.wait(_JOIN_SECONDS)

    def _accept(self) -> None:
        try:
            connection, _ = self._endpoint.socket.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError:  # too many open files: asked again at once, it would spin
            self._loop.remove_reader(self._endpoint.socket)
            self._loop.call_later(_REST_SECONDS, self._accept_again)
            return
        if is_same_user(connection):
            connection.setblocking(False)
            peer = Peer(connection, self._key, self._dispatch, self._forget)
            self._peers = {*self._peers, peer}
        else:
            log_drop("it runs as another user")
            connection.close()

    def _accept_again(self) -> None:
        if not self._is_retired:
            self._loop.add_reader(self._endpoint.socket, self._accept)

    def _forget(self, peer: Peer) -> None:
        self._peers = self._peers - {peer}
        if peer.is_ready and self._on_closed is not None:
            self._on_closed(peer)

    def _retire(self) -> None:
        if self._thread.is_alive():
            self._loop.remove_reader(self._endpoint.socket)
        self._endpoint.close()
        frame = pack(Kind.DRAINING)
        for peer in self._peers:
            if peer.is_ready:
                peer.send_notice(frame)
            else:  # it looks for the next host at once
                peer.close()

    def _begin_end(self) -> None:
        self._ending = self._ending or self._loop.create_task(self._end())

    async def _end(self) -> None:
        """Send what is due, and stop.

        Whoever waited for an operation that has just ended is answered in one of the
        next turns of this loop, and a large answer needs several.
        """
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=_ENDING_SECONDS / 2)
        sending = asyncio.gather(*(peer.wait_until_sent() for peer in self._peers))
        with suppress(TimeoutError):
            await asyncio.wait_for(sending, _ENDING_SECONDS / 2)
        for peer in self._peers:
            peer.close()
        for task in others:
            task.cancel()
        await asyncio.sleep(0)  # they end before the loop does
        self._is_ended = True
        self._loop.stop()
