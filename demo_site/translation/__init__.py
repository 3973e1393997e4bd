"""Translates Markdown with the best engine of this machine.

The editor uses the names below and no other module of this package:

documents      a whole document's translation, with its progress
contract       what an engine must offer, and `errors` how it fails
engines        the choice of an engine
apertium/      Apertium, as local processes
pseudo         an engine that only accents letters
languages      names of languages
markdown       a document split into texts, and joined from their translations
"""

from demo_site.translation.apertium.packages import (
    InstallFailed,
    can_install,
    install_apertium,
    install_command,
)
from demo_site.translation.contract import Engine, Pair, as_pairs
from demo_site.translation.documents import translate_document
from demo_site.translation.engines import get_engine
from demo_site.translation.errors import (
    EngineBroken,
    EngineError,
    EngineTimeout,
    UnknownPair,
)
from demo_site.translation.front_matter import front_matter_plugin
from demo_site.translation.languages import label, translated_name
from demo_site.translation.markdown import split
from demo_site.translation.placeholders import PLACEHOLDER

__all__ = [
    "PLACEHOLDER",
    "Engine",
    "EngineBroken",
    "EngineError",
    "EngineTimeout",
    "InstallFailed",
    "Pair",
    "UnknownPair",
    "as_pairs",
    "can_install",
    "front_matter_plugin",
    "get_engine",
    "install_apertium",
    "install_command",
    "label",
    "split",
    "translate_document",
    "translated_name",
]
