"""A few parts that are built on coordinators; docs/patterns.md has the others."""

from ..errors import BreakerOpen
from .batch import Batch
from .breaker import Breaker, BreakerState
from .sliding_cache import CacheStatistics, SlidingCache

__all__ = [
    "Batch",
    "Breaker",
    "BreakerOpen",
    "BreakerState",
    "CacheStatistics",
    "SlidingCache",
]
