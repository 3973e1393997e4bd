"""A form's field for an annotation, and what may be empty in it."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, Flag
from inspect import Parameter
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

from django import forms
from django.utils.functional import Promise

ALLOWED = (
    "str, int, float, bool, Decimal, date, datetime, UUID, Enum, Literal, X | None, "
    "or Annotated with a form field"
)
"""The annotations that have a field, in words."""


class NoField(Exception):  # never leaves the package
    """No field is known for an annotation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """What a form knows of one argument."""

    field: forms.Field
    """Takes its values."""

    is_optional: bool
    """Whether None is one of them."""

    has_default: bool
    """Whether the function has a value of its own for it."""

    takes_empty_text: bool
    """Whether an empty text is one of its values."""


def make_argument(parameter: Parameter, annotation: Any) -> Argument:
    """Return an argument with its field.

    Args:
        parameter: Gives the default.
        annotation: Its evaluated annotation.

    Raises:
        NoField: The annotation has none.
    """
    kind, is_optional, notes = _peel(annotation)
    has_default = parameter.default is not Parameter.empty
    is_optional = is_optional or parameter.default is None
    values = get_args(kind) if get_origin(kind) is Literal else ()
    is_optional = is_optional or None in values
    field = _find_field(notes) or _derive_field(kind, is_optional=is_optional)
    if is_optional or has_default:
        field.required = field.widget.is_required = False
    if has_default and field.initial is None:
        field.initial = parameter.default
    texts: list[Any] = [one for one in notes if isinstance(one, str | Promise)]
    field.help_text = field.help_text or (texts[0] if texts else "")
    return Argument(
        field=field,
        is_optional=is_optional,
        has_default=has_default,
        takes_empty_text=kind is str,
    )


def _peel(annotation: Any) -> tuple[Any, bool, list[Any]]:
    """Return the kind of the values, whether None is one of them, and all notes."""
    is_optional, notes = False, []
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *found = get_args(annotation)
            notes += found
        elif get_origin(annotation) in {Union, UnionType}:
            kinds = [one for one in get_args(annotation) if one is not NoneType]
            is_optional = is_optional or len(kinds) < len(get_args(annotation))
            if len(kinds) > 1:
                return annotation, is_optional, notes
            (annotation,) = kinds
        elif hasattr(annotation, "__supertype__"):  # of a NewType
            annotation = annotation.__supertype__
        elif hasattr(annotation, "__value__"):  # of an alias made by `type`
            annotation = annotation.__value__
        else:
            return annotation, is_optional, notes


def _find_field(notes: Sequence[Any]) -> forms.Field | None:
    """Return the field that a site put into ``Annotated``, as an object of its own."""
    for note in notes:
        if isinstance(note, forms.Field):
            return deepcopy(note)
        if isinstance(note, type) and issubclass(note, forms.Field):
            return note()
    return None


def _derive_field(kind: Any, *, is_optional: bool) -> forms.Field:
    if get_origin(kind) is Literal:
        values = [value for value in get_args(kind) if value is not None]
        return ValueField(values, is_optional=is_optional)
    if isinstance(kind, type) and issubclass(kind, Enum) and not issubclass(kind, Flag):
        return ValueField([*kind], is_optional=is_optional)
    if kind is bool:
        return forms.NullBooleanField() if is_optional else _make_checkbox()
    for known, make in _FIELDS.items():
        if kind is known:  # not by a look-up: an annotation need not be hashable
            return make()
    raise NoField


def _make_checkbox() -> forms.Field:
    # Required would mean that it has to be ticked.
    return forms.BooleanField(required=False)


class _DateInput(forms.DateInput):
    """A browser's own calendar, which takes ISO 8601 alone, whatever the language."""

    input_type = "date"

    def format_value(self, value: Any) -> str | None:
        if isinstance(value, datetime.date):
            return value.isoformat()
        return super().format_value(value)


class _DateTimeInput(forms.DateTimeInput):
    """The same with a time; browsers take three digits of a second's fraction."""

    input_type = "datetime-local"
    supports_microseconds = True

    def __init__(self) -> None:
        super().__init__(attrs={"step": "any"})

    def format_value(self, value: Any) -> str | None:
        if isinstance(value, datetime.datetime):
            has_fraction = value.microsecond >= 1000
            return value.isoformat(
                timespec="milliseconds" if has_fraction else "seconds"
            )
        return super().format_value(value)


_FIELDS: dict[type, Callable[[], forms.Field]] = {
    str: lambda: forms.CharField(strip=False),
    int: forms.IntegerField,
    float: forms.FloatField,
    Decimal: forms.DecimalField,
    datetime.date: lambda: forms.DateField(widget=_DateInput),
    datetime.datetime: lambda: forms.DateTimeField(widget=_DateTimeInput()),
    UUID: forms.UUIDField,
}


class ValueField(forms.TypedChoiceField):
    """A choice of Python values; gives back the value itself."""

    def __init__(self, values: Sequence[Any], *, is_optional: bool) -> None:
        if not values:
            raise NoField
        self._values = dict(zip(_make_keys(values), values, strict=True))
        blank = [("", "–")] if is_optional else []
        super().__init__(
            choices=[*blank, *((key, _name(v)) for key, v in self._values.items())],
            coerce=self._values.__getitem__,
            empty_value=None,
        )

    def prepare_value(self, value: Any) -> Any:
        """Return the key of a value; a text from a browser is a key already."""
        for key, known in self._values.items():
            if type(known) is type(value) and known == value:
                return key
        return value


def _make_keys(values: Sequence[Any]) -> list[str]:
    """Return the texts that stand for the values in HTML and JSON."""
    keys = [_key(value) for value in values]
    if len({*keys, ""}) == len(keys) + 1:
        return keys
    # Equal ones, or one that would mean "nothing": 1 and "1", or "".
    return [value.name if isinstance(value, Enum) else repr(value) for value in values]


def _key(value: Any) -> str:
    if not isinstance(value, Enum):
        return str(value)
    is_plain = isinstance(value.value, str | int)
    return str(value.value) if is_plain else value.name


def _name(value: Any) -> Any:
    """Return what people read for a value; of Django's ``Choices`` their label."""
    if isinstance(value, Enum):
        return getattr(value, "label", value.name.replace("_", " ").capitalize())
    return str(value)
