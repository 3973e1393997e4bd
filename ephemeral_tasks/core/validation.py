"""Checks of arguments, with messages that name the rule."""

from __future__ import annotations

import asyncio
import inspect


def check_body(body: object) -> None:
    """Refuse a body that is no coroutine function.

    Raises:
        TypeError: The message names what came.
    """
    is_object = callable(body) and inspect.iscoroutinefunction(type(body).__call__)
    if not (is_object or inspect.iscoroutinefunction(body)):
        raise TypeError(f"body must be a coroutine function, got {body!r}")


def check_at_least(name: str, value: int, minimum: int) -> None:
    """Refuse a bound that is no whole number or too small.

    Raises:
        TypeError, ValueError: The message names the argument, the rule and what came.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, got {value!r}")
    if value < minimum:
        raise ValueError(f"{name} must be >= {minimum}, got {value}")


def check_seconds(name: str, value: float | None) -> None:
    """Refuse a duration that is neither None nor a positive number.

    Raises:
        TypeError, ValueError: The message names the argument, the rule and what came.
    """
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number of seconds or None, got {value!r}")
    if not value > 0:
        raise ValueError(f"{name} must be > 0, got {value!r}")


def check_positive(name: str, value: float) -> None:
    """Refuse what is no finite number above 0.

    Raises:
        TypeError, ValueError: The message names the argument, the rule and what came.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if not 0 < value < float("inf"):
        raise ValueError(f"{name} must be > 0 and finite, got {value!r}")


def running_loop(name: str) -> asyncio.AbstractEventLoop:
    """Return the running loop.

    Raises:
        RuntimeError: No loop is running; the message names the class.
    """
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        raise RuntimeError(f"{name} must be made inside a running event loop") from None
