"""What listens to which signals."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable
from functools import partial
from itertools import count
from types import MethodType
from typing import Any

from .matching import Matches, is_exact, matcher
from .signal import Signal

Callback = Callable[[Signal], object]


class Subscription:
    """A callback and the names that it is called for."""

    __slots__ = ("_callback", "matches", "number", "pattern")

    def __init__(
        self,
        pattern: str,
        callback: Callable[[], Callback | None],
        number: int,
    ) -> None:
        self.pattern = pattern
        self.matches: Matches = matcher(pattern)
        self.number = number
        """Its place in the order of the calls."""
        self._callback: Callable[[], Callback | None] | None = callback
        """Gives the callback, or None once its object is gone; None itself once the
        subscription was ended."""

    def call(self, signal: Signal) -> None:
        """Call back, unless the subscription has ended meanwhile."""
        callback = None if self._callback is None else self._callback()
        if callback is not None:
            callback(signal)

    def end(self) -> None:
        """Call back no more, and drop the callback."""
        self._callback = None


class Subscriptions:
    """The subscriptions of a hub; exact names are found without a scan."""

    def __init__(self) -> None:
        self._numbers = count()
        self._exact: dict[str, dict[int, Subscription]] = {}
        self._wild: dict[int, Subscription] = {}

    def __bool__(self) -> bool:
        return bool(self._exact or self._wild)

    def __len__(self) -> int:
        return len(self._wild) + sum(map(len, self._exact.values()))

    def add(self, pattern: str, callback: Callback) -> Callable[[], None]:
        """Add a subscription; return what ends it, which may be called twice."""
        if not isinstance(pattern, str):
            raise TypeError(f"pattern must be a str, got {pattern!r}")
        if not callable(callback) or inspect.iscoroutinefunction(callback):
            raise TypeError(f"callback must be a plain function, got {callback!r}")
        number = next(self._numbers)
        held = self._hold(pattern, number, callback)
        subscription = Subscription(pattern, held, number)
        self._place(pattern)[number] = subscription
        return partial(self._remove, subscription)

    def _hold(
        self, pattern: str, number: int, callback: Callback
    ) -> Callable[[], Callback | None]:
        """Return what gives the callback as long as it lives."""
        if not isinstance(callback, MethodType):
            return partial(_give, callback)
        # By a weak reference to these subscriptions: they hold what is returned here,
        # and would be part of a reference cycle.
        return weakref.WeakMethod(
            callback, partial(_forget, weakref.ref(self), pattern, number)
        )

    def _place(self, pattern: str) -> dict[int, Subscription]:
        if is_exact(pattern):
            return self._exact.setdefault(pattern, {})
        return self._wild

    def _remove(self, subscription: Subscription) -> None:
        subscription.end()
        self.forget(subscription.pattern, subscription.number)

    def forget(self, pattern: str, number: int) -> None:
        """Drop a subscription; an unknown number is ignored."""
        place = self._wild
        if is_exact(pattern):
            place = self._exact.get(pattern, {})
        place.pop(number, None)
        if is_exact(pattern) and not place:
            self._exact.pop(pattern, None)

    def matching(self, name: str) -> list[Subscription]:
        """Return the subscriptions of a name, in the order in which they were made."""
        found = [*self._exact.get(name, {}).values()]
        wild = [one for one in self._wild.values() if one.matches(name)]
        if not wild:
            return found
        return sorted([*found, *wild], key=lambda one: one.number)


def _give(callback: Callback) -> Callback:
    return callback


def _forget(
    subscriptions: weakref.ref[Subscriptions], pattern: str, number: int, _: Any
) -> None:
    """Drop the subscription of a method whose object is gone."""
    found = subscriptions()
    if found is not None:
        found.forget(pattern, number)
