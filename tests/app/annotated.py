"""Functions whose arguments have annotations, as texts in this module."""

from __future__ import annotations

import enum
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Literal, NewType, Optional
from uuid import UUID

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from fractions import Fraction

Percent = NewType("Percent", int)


class Colour(enum.Enum):
    """Values that JSON can hold."""

    RED = "red"
    DARK_BLUE = "dark blue"


class Point(enum.Enum):
    """Values that JSON cannot hold: their names stand for them."""

    ORIGIN = (0, 0)
    UNIT = (1, 1)


class Level(enum.IntEnum):
    """Numbers."""

    LOW = 1
    HIGH = 10


class Size(models.TextChoices):
    """With labels of their own."""

    SMALL = "s", _("Small one")
    LARGE = "l", _("Large one")


def each(
    text: str,
    whole: int,
    ratio: float,
    sure: bool,
    price: Decimal,
    day: date,
    moment: datetime,
    id: UUID,
    colour: Colour,
    point: Point,
    level: Level,
    size: Size,
    mode: Literal["fast", "exact"],
    mixed: Literal[1, True, b"raw", Level.HIGH],
    percent: Percent,
    mail: Annotated[str, forms.EmailField(label="E-mail")],
    long: Annotated[str, forms.CharField(widget=forms.Textarea, strip=False)],
    maybe_text: str | None,
    maybe_whole: Optional[int],  # noqa: UP045  # as older code writes it
    maybe_sure: bool | None,
    maybe_price: Decimal | None,
    maybe_day: date | None,
    maybe_moment: datetime | None,
    maybe_id: UUID | None,
    maybe_colour: Colour | None,
    maybe_mode: Literal["fast", None],
    *,
    keyword: int,
) -> Fraction:
    """An argument of each kind; what it returns is known to type checkers alone."""


def defaults(
    text: str = "a",
    whole: int = 3,
    sure: bool = True,
    unsure: bool = False,
    colour: Colour = Colour.DARK_BLUE,
    maybe: int | None = 7,
    nothing: int = None,  # noqa: RUF013  # as many write it
    bounded: Annotated[int, forms.IntegerField(max_value=9)] = 5,
) -> None:
    """Each has a value of its own."""


def late(shape: Shape, size: int = 1) -> None:
    """Its annotation names what comes below."""


def missing(ratio: Fraction) -> None:
    """Its annotation names what is never there."""


class Shape(enum.Enum):
    """Comes after the function that names it."""

    ROUND = "round"


def helped(
    share: Annotated[Percent, "Of the whole"],
    size: Annotated[int, _("Small one"), forms.IntegerField(help_text="Own")],
) -> None:
    """Two have help."""
