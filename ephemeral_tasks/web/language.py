"""The language of a page, which all addresses on it name.

A page's own address may choose its language (``i18n_patterns``), or its view does. The
routes that the page polls and posts to know of neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from django.utils import translation

LANGUAGE_PARAMETER = "language"


@contextmanager
def activate_language_of(request: HttpRequest) -> Iterator[str | None]:
    """Within the block the language that the query names is active; yields it.

    Yields None, and changes nothing, where it names none of the site's: Django keeps
    the catalogue of each language that was ever active.
    """
    language = _named_by(request)
    if language is None:
        yield None
        return
    with translation.override(language):
        yield language


def _named_by(request: HttpRequest) -> str | None:
    try:
        language = request.GET.get(LANGUAGE_PARAMETER)
    except SuspiciousOperation:  # too many parameters
        return None  # the view looks at them in its turn and refuses them
    own = {settings.LANGUAGE_CODE, *dict(settings.LANGUAGES)}
    return language if language in own else None
