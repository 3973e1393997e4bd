"""What tests of asyncio programs need: time moved by hand, bodies that stop."""

from .clock import ManualClock, ManualTimer
from .hold import PATIENCE_SECONDS, Hold

__all__ = ["PATIENCE_SECONDS", "Hold", "ManualClock", "ManualTimer"]
