"""Parts for tests of asyncio programs: a clock moved by hand, a hold for bodies."""

from .clock import ManualClock, ManualTimer
from .hold import PATIENCE_SECONDS, Hold

__all__ = ["PATIENCE_SECONDS", "Hold", "ManualClock", "ManualTimer"]
