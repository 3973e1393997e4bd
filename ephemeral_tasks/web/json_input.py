"""JSON, as the text that a browser would send for the same form."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from django.forms import BaseForm, Field, JSONField
from django.utils.datastructures import MultiValueDict
from django.utils.formats import localize_input
from django.utils.translation import gettext

from ..derived_form import DerivedForm
from .refusals import InvalidInput

MAX_DEPTH = 100
"""Levels of lists and objects. Far below Python's own limit, for fields and widgets
that parse, write and copy the value have to follow it."""

_BROKEN: Any = object()


def parse_object(text: bytes | str) -> dict[str, Any]:
    """Return the object that a JSON text holds.

    Raises:
        InvalidInput: It is broken, too deep, not an object, or holds what no JSON or
            UTF-8 can express: NaN, infinity, lone surrogates.
    """
    try:
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        value = _BROKEN
    if value is _BROKEN or not _is_shallow(value) or not _is_encodable(value):
        # Outside of the except block: the parser's error holds the whole text.
        raise InvalidInput(gettext("This is not valid JSON."))
    if not isinstance(value, dict):
        raise InvalidInput(gettext("This is not a JSON object."))
    return value


def encode_as_form(
    values: Mapping[str, Any], form: BaseForm
) -> MultiValueDict[str, str]:
    """Return values as an HTML form sends them: texts, several for a list.

    Args:
        values: Of a JSON object; null is as if it were not there.
        form: Knows which fields take JSON, and which localized numbers.

    Raises:
        InvalidInput: A value has more levels than the field takes.
    """
    if isinstance(form, DerivedForm):
        values = form.complete(values)
    fields = {form.add_prefix(name): field for name, field in form.fields.items()}
    return MultiValueDict(
        {
            name: _texts(value, fields.get(name))
            for name, value in values.items()
            if value is not None
        }
    )


def check_texts(form: BaseForm) -> None:
    """Refuse a text that a JSONField could not read, write, or report as invalid.

    Python's own limit of levels may be reached later than there: a form that is
    refused for another reason reads and writes the value once more when it is shown.

    Raises:
        InvalidInput: A text has more levels than JSON from a program may have, or a
            number of more digits than Python converts.
    """
    for name, field in form.fields.items():
        if isinstance(field, JSONField) and not _is_manageable(form[name].data):
            raise InvalidInput(gettext("This is not valid JSON."))


def _is_manageable(text: Any) -> bool:
    try:
        return _is_shallow(json.loads(text))
    except (json.JSONDecodeError, TypeError):  # which the field reports
        return True
    except (RecursionError, ValueError):
        return False


def _texts(value: Any, field: Field | None) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(field, JSONField):
        return [json.dumps(value, ensure_ascii=False)]
    if isinstance(value, list):
        return [_text(one, field) for one in value]
    return [_text(value, field)]


def _text(value: Any, field: Field | None) -> str:
    """Return a scalar as Django writes it into an ``<input>``."""
    if value is None or isinstance(value, dict | list):
        raise InvalidInput(
            gettext("A field takes text, a number, true, false, or a list of these.")
        )
    if field is not None and field.localize:
        return str(localize_input(value))
    return str(value)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):  # 1e999
        raise ValueError("a number is too large")
    return number


def _is_shallow(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _items(outer)]
        if not level:
            return True
    return False


def _items(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _is_encodable(value: Any) -> bool:
    """Return whether UTF-8 can express every key and text."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True
