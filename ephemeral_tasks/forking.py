"""What a forked child does before it goes on."""

from __future__ import annotations

import os
from collections.abc import Callable


def call_in_child(function: Callable[[], object]) -> None:
    """Call a function in each forked child, before the child has a second thread."""
    if hasattr(os, "register_at_fork"):  # Windows has no fork
        os.register_at_fork(after_in_child=function)
