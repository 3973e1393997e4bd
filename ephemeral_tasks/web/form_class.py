"""Making a task's form, which may depend on the request."""

from __future__ import annotations

from inspect import signature
from typing import Any

from django.forms import BaseForm, Media
from django.http import HttpRequest
from django.utils.translation import gettext

from .refusals import InvalidInput


def make_form(
    form_class: type[BaseForm], request: HttpRequest | None, **arguments: Any
) -> BaseForm:
    """Return a form; one whose ``__init__`` names ``request`` gets the request.

    Args:
        form_class: Of a task.
        request: None for a socket's message, which has none.
        arguments: As Django's forms take them.

    Raises:
        InvalidInput: The form needs a request, and there is none.
    """
    if not _takes_request(form_class):
        return form_class(**arguments)
    if request is None:
        raise InvalidInput(gettext("This form can only be sent over HTTP."))
    return form_class(**{**arguments, "request": request})


def _takes_request(form_class: type[BaseForm]) -> bool:
    return "request" in signature(form_class).parameters


def media_of(form_class: type[BaseForm]) -> Media:
    """Return the media that a form's fields need in the head of a page.

    A form that takes the request is not made for this, since it may ask for the user:
    only the fields that its class declares count.
    """
    if not _takes_request(form_class):
        return form_class().media
    form = form_class.__new__(form_class)
    form.fields = form_class.base_fields  # type: ignore[attr-defined]
    return form.media
