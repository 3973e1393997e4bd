"""Names of files that visitors download."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath
from urllib.parse import quote

MAX_BYTES = 200
"""Of a name in UTF-8. File systems take 255, and browsers add "(1)"."""

_NAMELESS = "result"
_SEPARATORS = frozenset("/\\")
# They turn what follows around: "exe.fdp" could be shown as "pdf.exe" is written.
_DIRECTIONS = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
# Control characters, lone surrogates, line and paragraph separators.
_UNWRITABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})
_PLAIN = frozenset(" !#$&'()+,-.=@[]^_`{}~")


def clean_name(name: str) -> str:
    """Return a name under which any system can save a file, like the one given."""
    kept = "".join(map(_clean, name[:10_000])).strip(" .")
    return _shorten(kept) or _NAMELESS


def disposition_of(name: str) -> str:
    """Return a ``Content-Disposition`` that saves a file under its clean name."""
    name = clean_name(name)
    plain = _make_plain(name)
    header = f'attachment; filename="{plain}"'
    if plain == name:
        return header
    # RFC 6266, 4.3: clients that know filename* prefer it, others take filename.
    return f"{header}; filename*=UTF-8''{quote(name, safe='')}"


def _clean(character: str) -> str:
    is_odd = character in _SEPARATORS or character in _DIRECTIONS
    return (
        "_" if is_odd or unicodedata.category(character) in _UNWRITABLE else character
    )


def _shorten(name: str) -> str:
    """Cut what comes before the suffix, and the suffix when it is no usual one."""
    if len(name.encode()) <= MAX_BYTES:
        return name
    suffix = PurePosixPath(name).suffix
    suffix = suffix if len(suffix.encode()) <= MAX_BYTES // 4 else ""
    stem = name.removesuffix(suffix).encode()[: MAX_BYTES - len(suffix.encode())]
    return stem.decode(errors="ignore").rstrip(" .") + suffix


def _make_plain(name: str) -> str:
    """Return the name in letters that every client reads in quotes."""
    decomposed = unicodedata.normalize("NFKD", name)
    letters = [one for one in decomposed if not unicodedata.combining(one)]
    return "".join(one if _is_plain(one) else "_" for one in letters)


def _is_plain(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character in _PLAIN)
