"""The engines of this process, made from the settings."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.module_loading import import_string

from demo_site.translation.apertium import ApertiumEngine
from demo_site.translation.conf import Options
from demo_site.translation.contract import Engine
from demo_site.translation.pseudo import PseudoEngine
from demo_site.translation.remote import (
    ApyEngine,
    EasyNMTEngine,
    LibreTranslateEngine,
)
from demo_site.translation.specs import Spec

# Slow the pseudo engine down, so that there is progress to watch.
PSEUDO_SECONDS = 0.2

_REMOTE: dict[str, Callable[..., Engine]] = {
    "apy": ApyEngine,
    "easynmt": EasyNMTEngine,
    "libretranslate": LibreTranslateEngine,
}


def make_engines(options: Options) -> tuple[Engine, ...]:
    """Return the configured engines, or the best one that needs no configuration."""
    if not options.specs:
        return (find_engine(),)
    return tuple(make_engine(spec, options) for spec in options.specs)


def find_engine() -> Engine:
    """Return Apertium if it has any language pair here, else the pseudo engine."""
    apertium = ApertiumEngine()
    return apertium if apertium.pairs() else PseudoEngine(seconds=PSEUDO_SECONDS)


def make_engine(spec: Spec, options: Options) -> Engine:
    """Return a configured engine; nothing is sent to its server."""
    if spec.kind == "apertium":
        return ApertiumEngine()
    if spec.kind == "pseudo":
        return PseudoEngine(seconds=PSEUDO_SECONDS)
    make: Callable[..., Engine] = _REMOTE.get(spec.kind) or import_string(spec.kind)
    if not spec.url:
        return make()
    return make(spec.url, api_key=spec.api_key, timeout=options.timeout_seconds)
