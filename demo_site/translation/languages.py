"""Names of languages, in the active language and in their own."""

import re

from django.conf.locale import LANG_INFO
from django.utils.translation import get_language_info, gettext
from django.utils.translation import gettext_lazy as _

# Languages of Apertium's pairs that Django has no names for.
_OTHERS = {
    "an": ("aragonés", _("Aragonese")),
    "mt": ("Malti", _("Maltese")),
    "oc": ("occitan", _("Occitan")),
    "sc": ("sardu", _("Sardinian")),
    "se": ("davvisámegiella", _("Northern Sami")),
    "szl": ("ślōnski", _("Silesian")),
}
# ISO 639-3 codes of the languages of Apertium's pairs, and Django's codes.
_SHORT = dict(
    re.findall(
        r"(\w+):(\w+)",
        """
    afr:af ara:ar arg:an bel:be bre:br bul:bg cat:ca cym:cy dan:da deu:de eng:en epo:eo
    eus:eu fra:fr gle:ga glg:gl hin:hi hrv:hr hye:hy ind:id isl:is ita:it kat:ka kaz:kk
    kir:ky mkd:mk mlt:mt msa:ms nld:nl nno:nn nob:nb oci:oc pol:pl por:pt ron:ro rus:ru
    slv:sl sme:se spa:es srd:sc srp:sr swe:sv tat:tt tur:tr ukr:uk urd:ur uzb:uz
        """,
    )
)


def code(written: str) -> str | None:
    """Return a code as Django writes it, or None if we have no name for it.

    Args:
        written: A code as Apertium's modes write it: ``eng``, ``es``, ``pt_BR``.
    """
    base, _, variant = written.partition("_")
    found = "-".join(filter(None, [_SHORT.get(base, base), variant.lower()]))
    return found if found in LANG_INFO or found in _OTHERS else None


def local_name(code: str) -> str:
    """Return a language's name in that language, or its code if unknown."""
    if code in _OTHERS:
        return _OTHERS[code][0]
    return _info(code, "name_local") or code


def translated_name(code: str) -> str:
    """Return a language's name in the active language, or its code if unknown."""
    if code in _OTHERS:
        return str(_OTHERS[code][1])
    return _info(code, "name_translated") or code


def label(code: str) -> str:
    """Return both names, "Spanish (español)", or one if they are alike."""
    here, there = translated_name(code), local_name(code)
    if here.casefold() == there.casefold():
        return here
    return gettext("%(name)s (%(local)s)") % {"name": here, "local": there}


def _info(code: str, key: str) -> str | None:
    """Return an item of Django's information about a language."""
    return str(get_language_info(code)[key]) if code in LANG_INFO else None
