"""What a visitor sent or gets, kept out of Django's error reports.

A report of an error, as Django mails it, prints the variables of each frame.
``sensitive_variables()`` hides those of a plain function and of all that it calls; of
a coroutine function it hides the variables of that function alone, and before
Python 3.12 those of generators not at all. So what holds content is neither of the two
where a plain function does as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from asgiref.sync import sync_to_async
from django.views.decorators.debug import sensitive_variables

T = TypeVar("T")


async def in_thread(call: Callable[[], T]) -> T:
    """Return what a call returns, made in a thread, in which it may use the database.

    The call has no arguments: asgiref's own frames hold those in variables.
    """
    return await sync_to_async(_make)(call)


@sensitive_variables()
def _make(call: Callable[[], T]) -> T:
    # One function for all calls: Django's decorator makes each function that it
    # decorates part of a reference cycle, and the call holds content.
    return call()
