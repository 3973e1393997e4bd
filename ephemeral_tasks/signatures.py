"""What the callers of a task's function give it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from inspect import Parameter, Signature
from typing import Any


def signature_of(function: Callable[..., Any], *, takes_context: bool) -> Signature:
    """Return a function's signature, without the context that the pool gives it."""
    signature = inspect.signature(function)
    if not takes_context:
        return signature
    return signature.replace(parameters=[*signature.parameters.values()][1:])


def list_names(
    signature: Signature, *, without_default: bool = False
) -> frozenset[str]:
    """Return the arguments that may be given by name, or those of them that must."""
    by_name = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    parameters = signature.parameters.values()
    if without_default and any(p.kind is Parameter.POSITIONAL_ONLY for p in parameters):
        return frozenset({""})  # no call by name alone fits
    return frozenset(
        p.name
        for p in parameters
        if p.kind in by_name and not (without_default and p.default is not p.empty)
    )


def pick(
    signature: Signature, names: Iterable[str], arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the arguments with these names, defaults included."""
    parameters = signature.parameters
    return {
        name: arguments.get(name, parameters[name].default)
        for name in names
        if name in arguments or parameters[name].default is not Parameter.empty
    }
