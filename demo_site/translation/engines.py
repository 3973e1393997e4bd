"""The choice of an engine."""

from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from demo_site.translation.apertium import ApertiumEngine
from demo_site.translation.contract import Engine
from demo_site.translation.pseudo import PseudoEngine


def find_engine() -> Engine:
    """Return Apertium if it has any language pair here, else the pseudo engine."""
    apertium = ApertiumEngine()
    return apertium if apertium.pairs() else PseudoEngine()


@cache
def get_engine() -> Engine:
    """Return this process's engine, made by the first call.

    Its class is the one that ``settings.TRANSLATION_ENGINE`` names by its dotted path;
    without that setting, `find_engine` chooses.
    """
    path = getattr(settings, "TRANSLATION_ENGINE", "")
    return import_string(path)() if path else find_engine()
