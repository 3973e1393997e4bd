"""What an owner may read of an error."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ..core.values import plain_text
from ..errors import NotAnswered, TaskFailed


def sentence_of(error: BaseException, *, is_timed_out: bool) -> object:
    """Return what the owner may read of an error; lazy, for any language.

    Whatever the error's own attributes raise, there is a sentence.
    """
    if is_timed_out:
        return _("The task took too long.")
    if isinstance(error, NotAnswered):
        return _("The question was not answered in time.")
    if isinstance(error, TaskFailed):
        try:
            return _make_plain(error.message)
        except BaseException:  # a subclass without a message, or with its own __str__
            return _("The task failed.")
    return _("The task failed.")


def _make_plain(message: object) -> object:
    """Return a lazy text as it is, anything else as plain text."""
    return message if isinstance(message, Promise) else plain_text(message)
