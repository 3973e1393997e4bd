"""System checks of the settings, and of the classes that they name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error
from django.utils.module_loading import import_string

from demo_site.translation.conf import BadOption, read_options
from demo_site.translation.specs import ALLOWED, KINDS


def check_settings(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Return an error for a setting that is wrong; its hint says what is allowed."""
    try:
        options = read_options()
    except BadOption as error:
        return [_error(f"{error.name}: {error.reason}", error.hint)]
    paths = [spec.kind for spec in options.specs if spec.kind not in KINDS]
    return list(_check_paths(paths))


def _check_paths(paths: Sequence[str]) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    for path in paths:
        try:
            import_string(path)
        except ImportError:
            message = f"TRANSLATION_ENGINES: {path} cannot be imported"
            found.append(_error(message, ALLOWED))
    return found


def _error(message: str, allowed: str) -> CheckMessage:
    return Error(message, hint=f"Allowed: {allowed}.", id="translation.E001")
