"""``form=True``: fields from annotations, and values that come back as they went in."""

import enum
import json
from datetime import UTC, date, datetime
from inspect import signature
from typing import Annotated, Any, Union

import pytest
from django import forms
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from ephemeral_tasks import Task
from ephemeral_tasks.compat import InvalidTask
from ephemeral_tasks.derived_form import derive_form
from ephemeral_tasks.web.json_input import encode_as_form
from tests.app import annotated
from tests.app.annotated import Colour, Level, Point, Shape, Size
from tests.controls import sent_by


def form_of(function):
    """The form class of a function."""
    return derive_form(function, signature(function))


EACH = form_of(annotated.each)
DEFAULTS = form_of(annotated.defaults)

# An input of one line loses line breaks, and HTML has no NUL and no lone surrogates.
lines = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\0\r\n"), min_size=1
)
texts = lines.map(lambda text: text.replace("x", "\n"))
floats = st.floats(allow_nan=False, allow_infinity=False)
decimals = st.decimals(allow_nan=False, allow_infinity=False)
moments = st.datetimes(
    datetime(1, 1, 2),
    datetime(9999, 12, 30),
    timezones=st.just(UTC),
).map(lambda one: one.replace(microsecond=one.microsecond // 1000 * 1000))
VALUES = st.fixed_dictionaries(
    {
        "text": lines,
        "whole": st.integers(),
        "ratio": floats,
        "sure": st.booleans(),
        "price": decimals,
        "day": st.dates(),
        "moment": moments,
        "id": st.uuids(),
        "colour": st.sampled_from(Colour),
        "point": st.sampled_from(Point),
        "level": st.sampled_from(Level),
        "size": st.sampled_from(Size),
        "mode": st.sampled_from(["fast", "exact"]),
        "mixed": st.sampled_from([1, True, b"raw", Level.HIGH]),
        "percent": st.integers(),
        "mail": st.just("a@example.com"),
        "long": texts,
        "maybe_text": st.none() | lines,
        "maybe_whole": st.none() | st.integers(),
        "maybe_sure": st.none() | st.booleans(),
        "maybe_price": st.none() | decimals,
        "maybe_day": st.none() | st.dates(),
        "maybe_moment": st.none() | moments,
        "maybe_id": st.none() | st.uuids(),
        "maybe_colour": st.none() | st.sampled_from(Colour),
        "maybe_mode": st.sampled_from(["fast", None]),
        "keyword": st.integers(),
    }
)


def typed(values: dict[str, Any]) -> dict[str, Any]:
    """The values with their types: 1 is not True, and not Level.LOW."""
    return {name: (type(value), value) for name, value in values.items()}


@settings(max_examples=25)
@given(VALUES, st.sampled_from(["en", "de", "ar"]))
def test_any_values_come_back_from_the_rendered_form(values, language):
    """As a browser sends a form that nobody has touched, in any language."""
    with translation.override(language):
        form = EACH(sent_by(str(EACH(initial=values))))

        assert form.is_valid(), form.errors
    # A browser sends both characters of a line's end.
    values["long"] = values["long"].replace("\n", "\r\n")
    assert typed(form.cleaned_data) == typed(values)


@settings(max_examples=60)
@given(VALUES)
def test_any_values_come_back_from_json(values):
    """As Django's encoder writes them."""
    values["mixed"] = True  # JSON has no bytes
    plain = {
        name: value.name if isinstance(value, Point) else value
        for name, value in values.items()
    }
    body = json.loads(json.dumps(plain, cls=Encoder))

    form = EACH(encode_as_form(body, EACH()))

    assert form.is_valid(), form.errors
    assert typed(form.cleaned_data) == typed(values)


class Encoder(DjangoJSONEncoder):
    """An Enum as its value."""

    def default(self, o):
        """Return what JSON can hold."""
        return o.value if isinstance(o, enum.Enum) else super().default(o)


# -- defaults --------------------------------------------------------------------------


def test_an_untouched_form_gives_the_defaults():
    """As the page shows them."""
    form = DEFAULTS(sent_by(str(DEFAULTS())))

    assert form.is_valid(), form.errors
    assert form.cleaned_data == {
        "text": "a",
        "whole": 3,
        "sure": True,
        "unsure": False,
        "colour": Colour.DARK_BLUE,
        "maybe": 7,
        "nothing": None,
        "bounded": 5,
    }


def test_what_json_leaves_out_is_the_functions_own():
    """A box with a tick included, which a browser would have sent."""
    form = DEFAULTS(encode_as_form({}, DEFAULTS()))

    assert form.is_valid(), form.errors
    assert form.cleaned_data == {"sure": True, "unsure": False}


def test_an_emptied_field_is_empty_where_its_type_knows_that():
    """An empty text is a text, and None is for what may be None; the rest is left."""
    empty = {**dict.fromkeys(["text", "whole", "colour", "maybe", "bounded"], "")}
    form = DEFAULTS(empty)

    assert form.is_valid(), form.errors
    assert form.cleaned_data == {
        "text": "",
        "sure": False,
        "unsure": False,
        "maybe": None,
    }


def test_null_in_json_is_none_where_that_is_a_value():
    """Elsewhere it is as if it were not there."""
    body = {"maybe": None, "whole": None, "sure": None}
    form = DEFAULTS(encode_as_form(body, DEFAULTS()))

    assert form.is_valid(), form.errors
    assert form.cleaned_data == {"sure": True, "unsure": False, "maybe": None}


def test_what_has_no_default_is_required():
    """Every field says so, but those of None and of True and False."""
    form = EACH({})

    assert not form.is_valid()
    named = {name for name in EACH.base_fields if not name.startswith("maybe")}
    assert {*form.errors} == named - {"sure"}


# -- what a page shows -----------------------------------------------------------------


def test_labels_and_help_are_words():
    """Of the name, of the field, and of the annotation."""
    form, other = EACH(), form_of(annotated.helped)()

    assert form["maybe_whole"].label == "Maybe whole"
    assert form["mail"].label == "E-mail"
    assert other["share"].help_text == "Of the whole"
    assert other["size"].help_text == "Own"


def test_choices_are_words():
    """Of an Enum's names, or its labels; a Literal's values stand as they are."""
    form = EACH()

    assert form.fields["colour"].choices == [
        ("red", "Red"),
        ("dark blue", "Dark blue"),
    ]
    assert form.fields["size"].choices == [("s", "Small one"), ("l", "Large one")]
    assert form.fields["point"].choices == [("ORIGIN", "Origin"), ("UNIT", "Unit")]
    assert form.fields["maybe_mode"].choices == [("", "–"), ("fast", "fast")]


def test_a_date_has_the_browsers_own_calendar():
    """Whose value is ISO 8601 in every language."""
    with translation.override("de"):
        html = str(EACH(initial={"day": date(2026, 11, 26)})["day"])

    assert 'type="date"' in html
    assert 'value="2026-11-26"' in html


def test_a_sites_own_field_is_not_changed():
    """Two tasks may share an annotation."""
    own = forms.IntegerField()

    def first(number: Annotated[int, own] = 1):
        """Has a default."""

    assert not form_of(first).base_fields["number"].required
    assert own.required
    assert own.initial is None


def test_a_sites_own_field_may_be_a_class():
    """Made without arguments."""

    def takes(mail: Annotated[str, forms.EmailField]):
        """Take an address."""

    assert isinstance(form_of(takes).base_fields["mail"], forms.EmailField)


# -- what cannot be derived ------------------------------------------------------------


class Flags(enum.Flag):
    ONE = 1
    TWO = 2


class Empty(enum.Enum):
    pass


def unannotated(text):
    """No annotation."""


def of_list(items: list[int]):
    """A list."""


def of_union(value: Union[int, str]):  # noqa: UP007  # as older code writes it
    """One of two."""


def of_object(value: object):
    """Anything."""


def of_flags(value: Flags):
    """A combination."""


def of_nothing(value: Empty):
    """None to choose from."""


def of_typo(value: "int |"):  # noqa: F722  # what it is about
    """No Python."""


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (unannotated, "argument 'text' of unannotated has no annotation"),
        (of_list, r"argument 'items' of of_list is annotated with list\[int\]"),
        (of_union, "argument 'value' of of_union is annotated with"),
        (of_object, "argument 'value' of of_object is annotated with object"),
        (of_flags, "argument 'value' of of_flags is annotated with .*Flags"),
        (of_nothing, "argument 'value' of of_nothing is annotated with .*Empty"),
        (of_typo, "argument 'value' of of_typo has an annotation that fails"),
    ],
)
def test_an_annotation_without_a_field_is_refused_at_the_declaration(function, words):
    """The error names the argument and what is allowed."""
    with pytest.raises(InvalidTask, match=words) as raised:
        Task(func=function, form=True)

    allowed = "allowed are str, int, float, bool, Decimal, date, datetime, UUID, Enum"
    assert allowed in str(raised.value)


def with_many(*texts: str):
    """Any number."""


def with_any(**texts: str):
    """Any names."""


def with_place(text: str, /):
    """By place alone."""


@pytest.mark.parametrize(
    ("function", "name"),
    [(with_many, "'*texts'"), (with_any, "'**texts'"), (with_place, "'text'")],
)
def test_an_argument_without_a_name_is_refused(function, name):
    """Fields are given by name."""
    with pytest.raises(InvalidTask) as raised:
        Task(func=function, form=True)

    assert f"form=True: {name} of {function.__name__} cannot" in str(raised.value)


def with_context(context, text: str):
    """With the pool's own argument in front."""


def test_the_context_is_no_field():
    """The pool gives it."""
    task = Task(func=with_context, form=True, takes_context=True)

    assert list(task.form.base_fields) == ["text"]


def yields(count: int = 3):
    """A generator function, whose output is its result."""
    yield from map(str, range(count))


async def yields_later(count: int = 3):
    """An async one."""
    yield str(count)


@pytest.mark.parametrize("function", [yields, yields_later])
def test_a_generator_has_a_form_as_any_function(function):
    """Its arguments are arguments."""
    assert list(Task(func=function, form=True).form.base_fields) == ["count"]


# -- names that come later -------------------------------------------------------------


def test_a_name_below_the_function_is_found_at_first_use():
    """The module was not whole at the declaration."""
    namespace = {"__name__": "tests.app.annotated_later", "Shape": Shape}
    function = annotated.late
    later = type(function)(function.__code__, namespace, "late", function.__defaults__)
    later.__annotations__ = function.__annotations__
    del namespace["Shape"]
    form_class = form_of(later)
    namespace["Shape"] = Shape

    form = form_class({"shape": "round"})

    assert form.is_valid(), form.errors
    assert form.cleaned_data == {"shape": Shape.ROUND}
    assert form_class.base_fields.keys() == {"shape", "size"}


def test_a_name_that_never_comes_is_an_error_at_first_use():
    """The error names it."""
    form_class = form_of(annotated.missing)

    with pytest.raises(InvalidTask, match="missing names 'Fraction'"):
        form_class()


def test_numbers_of_more_digits_than_python_converts_are_refused():
    """As in every form."""
    assert "whole" in EACH({"whole": "9" * 5000}).errors
