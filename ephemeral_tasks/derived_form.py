"""``form=True``: a form whose fields come from a function's annotations."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from inspect import Parameter, Signature
from types import SimpleNamespace
from typing import Any, ClassVar, get_type_hints

from django import forms

from .compat import InvalidTask
from .form_fields import ALLOWED, Argument, NoField, make_argument

_BY_NAME = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)


class DerivedForm(forms.Form):
    """A form with a field for each argument.

    An argument that was not sent, or is empty though its type knows no empty value, is
    left out where the function has a default.
    """

    arguments: ClassVar[Mapping[str, Argument]] = {}

    def clean(self) -> dict[str, Any]:
        """Return the arguments that the function is to be called with."""
        super().clean()
        data = dict(self.cleaned_data)
        for name, argument in self.arguments.items():
            if name not in data:  # the field has refused it
                continue
            if argument.has_default and self._is_omitted(name):
                del data[name]
            elif data[name] not in self.fields[name].empty_values:
                continue
            elif argument.is_optional:
                data[name] = None
            elif argument.has_default and not argument.takes_empty_text:
                del data[name]
        return data

    def _is_omitted(self, name: str) -> bool:
        widget = self.fields[name].widget
        html_name = self.add_prefix(name)
        return bool(widget.value_omitted_from_data(self.data, self.files, html_name))

    def complete(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return a JSON object's values as a browser would complete them.

        Null is the empty text where None is a value. A missing True is sent where the
        form shows a tick: to a form, a box without a tick is a box that was not sent.
        """
        complete = dict(values)
        for name, argument in self.arguments.items():
            html_name, field = self.add_prefix(name), self.fields[name]
            if values.get(html_name) is not None:
                continue
            if argument.is_optional and html_name in values:
                complete[html_name] = ""
            elif isinstance(field.widget, forms.CheckboxInput) and field.initial:
                complete[html_name] = True
        return complete


def derive_form(
    function: Callable[..., Any], signature: Signature
) -> type[DerivedForm]:
    """Return a form class whose cleaned data are arguments of the function.

    Where annotations name what is not there yet, the fields are derived at first use.

    Args:
        function: A task's.
        signature: What a caller gives.

    Raises:
        InvalidTask: An argument cannot come from a form; the message names it.
    """
    name = "".join(word.capitalize() for word in function.__name__.split("_"))
    form_class: type[DerivedForm] = type(f"{name}Form", (DerivedForm,), {})
    for parameter in signature.parameters.values():
        _check_kind(function, parameter)
    try:
        _fill(form_class, function, signature)
    except NameError:
        form_class.base_fields = _LateFields(function, signature)  # type: ignore[assignment]  # a descriptor
    return form_class


class _LateFields:
    """The fields of a form class until somebody asks for them."""

    def __init__(self, function: Callable[..., Any], signature: Signature) -> None:
        self._function = function
        self._signature = signature

    def __get__(
        self, form: DerivedForm | None, form_class: type[DerivedForm]
    ) -> dict[str, forms.Field]:
        try:
            _fill(form_class, self._function, self._signature)
        except NameError as error:
            raise InvalidTask(
                f"form=True: an annotation of {self._function.__name__} names "
                f"{error.name!r}, which its module does not have at run time"
            ) from None
        return form_class.base_fields


def _fill(
    form_class: type[DerivedForm], function: Callable[..., Any], signature: Signature
) -> None:
    arguments = {
        name: _make_argument(function, parameter)
        for name, parameter in signature.parameters.items()
    }
    form_class.arguments = arguments
    form_class.base_fields = {name: one.field for name, one in arguments.items()}


def _check_kind(function: Callable[..., Any], parameter: Parameter) -> None:
    if parameter.kind not in _BY_NAME:
        raise InvalidTask(
            f"form=True: {str(parameter).partition(':')[0]!r} of {function.__name__} "
            "cannot come from a form, whose fields are given by name"
        )


def _make_argument(function: Callable[..., Any], parameter: Parameter) -> Argument:
    if parameter.annotation is Parameter.empty:
        raise _make_refusal(function, parameter, "has no annotation")
    try:
        annotation = _evaluate(function, parameter.annotation)
    except NameError:  # not a mistake yet: the module may still be being imported
        raise
    except Exception as error:  # of the annotation's own code
        reason = f"has an annotation that fails with {type(error).__name__}"
        raise _make_refusal(function, parameter, reason) from error
    try:
        return make_argument(parameter, annotation)
    except NoField:
        shown = inspect.formatannotation(annotation)
        reason = f"is annotated with {shown}"
        raise _make_refusal(function, parameter, reason) from None


def _evaluate(function: Callable[..., Any], annotation: Any) -> Any:
    """Return an annotation with its texts evaluated; of one argument, to name it."""
    names = getattr(inspect.unwrap(function), "__globals__", {})
    holder = SimpleNamespace(__annotations__={"argument": annotation})
    return get_type_hints(holder, names, include_extras=True)["argument"]


def _make_refusal(
    function: Callable[..., Any], parameter: Parameter, reason: str
) -> InvalidTask:
    return InvalidTask(
        f"form=True: argument {parameter.name!r} of {function.__name__} {reason}; "
        f"allowed are {ALLOWED}"
    )
