"""First come, first served."""

from __future__ import annotations

from typing import Unpack

from .attempts import Body
from .coordinator import Coordinator
from .operation import Item, Value
from .options import Options
from .queues import FifoQueue


class WorkCoordinator(Coordinator[Item, Value]):
    """Runs at most ``limit`` operations at once, in the order of submission."""

    def __init__(self, body: Body[Item, Value], **options: Unpack[Options]) -> None:
        """Make a coordinator for the running loop; ``limit`` is required."""
        super().__init__(body, queue=FifoQueue(), **options)
