"""Translates Markdown with the engines that are configured, or the machine's own.

The editor uses the names below and no other module of this package:

documents      a whole document's translation, with its progress
contract       what an engine must offer, and `errors` how it fails
conf           the settings; `specs` reads the engines', `checks` says what is wrong
engines        the engines that the settings name
apertium/      Apertium, as local processes
remote/        servers, by HTTP
pseudo         an engine that only accents letters
together/      several engines that work as one
routes         from language to language over several pairs
languages      names of languages
markdown       a document split into texts, and joined from their translations
"""

from demo_site.translation.apertium.packages import (
    InstallFailed,
    can_install,
    install_apertium,
    install_command,
)
from demo_site.translation.checks import check_settings
from demo_site.translation.contract import Engine, Limits, Pair, as_pairs
from demo_site.translation.documents import translate_document
from demo_site.translation.errors import (
    EngineBroken,
    EngineBusy,
    EngineError,
    EngineRefused,
    EngineTimeout,
    NoEngine,
    UnknownPair,
)
from demo_site.translation.front_matter import front_matter_plugin
from demo_site.translation.languages import label, translated_name
from demo_site.translation.markdown import Splice, split
from demo_site.translation.placeholders import PLACEHOLDER
from demo_site.translation.remote import RemoteEngine
from demo_site.translation.together.work import get_engine

__all__ = [
    "PLACEHOLDER",
    "Engine",
    "EngineBroken",
    "EngineBusy",
    "EngineError",
    "EngineRefused",
    "EngineTimeout",
    "InstallFailed",
    "Limits",
    "NoEngine",
    "Pair",
    "RemoteEngine",
    "Splice",
    "UnknownPair",
    "as_pairs",
    "can_install",
    "check_settings",
    "front_matter_plugin",
    "get_engine",
    "install_apertium",
    "install_command",
    "label",
    "split",
    "translate_document",
    "translated_name",
]
