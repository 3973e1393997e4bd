"""Django's error reports, without what a visitor sent or gets."""

from __future__ import annotations

from collections.abc import Iterable
from types import FrameType
from typing import Any

from django.http import HttpRequest
from django.views.debug import get_exception_reporter_filter


class VariablesFilter:
    """The site's own filter of error reports, but that it hides all variables.

    A report, as Django mails it, prints the variables of each frame.
    ``sensitive_variables()`` would have to stand at every function that holds content:
    at a coroutine function it hides the variables of that function alone.
    """

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: FrameType
    ) -> Iterable[tuple[str, Any]]:
        """Return the names of a frame's variables, with stars for their values."""
        if not self._inner.is_active(request):  # as with DEBUG
            found: Iterable[tuple[str, Any]]
            found = self._inner.get_traceback_frame_variables(request, tb_frame)
            return found
        return [(name, self._inner.cleansed_substitute) for name in tb_frame.f_locals]


def hide_variables(request: HttpRequest) -> None:
    """Print no variables in reports of errors that this request causes."""
    # Django docs, "Error reporting", "Custom error reports".
    request.exception_reporter_filter = VariablesFilter(  # type: ignore[assignment]
        get_exception_reporter_filter(request)
    )
