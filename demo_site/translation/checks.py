"""System checks of the settings, and of the engines that they name."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error

from demo_site.translation.conf import BadOption, Options, read_options
from demo_site.translation.engines import make_engine
from demo_site.translation.specs import ALLOWED, KINDS, Spec

_METHODS = ("aclose", "healthy", "pairs", "route", "translate")


def check_settings(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Return an error for a setting that is wrong; its hint says what is allowed."""
    try:
        options = read_options()
    except BadOption as error:
        return [_error(f"{error.name}: {error.reason}", error.hint)]
    return [
        _error(f"TRANSLATION_ENGINES: {spec.kind} {mistake}", ALLOWED)
        for spec in options.specs
        if spec.kind not in KINDS and (mistake := _find_mistake(spec, options))
    ]


def _find_mistake(spec: Spec, options: Options) -> str:
    """Return what is wrong with an engine of the site's own; empty if nothing is."""
    try:
        engine = make_engine(spec, options)
    except ImportError:
        return "cannot be imported"
    except Exception as error:  # of the site's own code; its text may contain the key
        made = "with a url" if spec.url else "without a url"
        return f"cannot be made {made} ({type(error).__name__})"
    missing = [each for each in _METHODS if not callable(getattr(engine, each, None))]
    return f"is no engine: it has no {missing[0]}()" if missing else ""


def _error(message: str, allowed: str) -> CheckMessage:
    return Error(message, hint=f"Allowed: {allowed}.", id="translation.E001")
