"""Finds what must not change in words, where the Markdown parser sees only text."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Each alternative starts at a fixed character or behind a look-behind, and repeats
# possessively or over a class that ends it: no input makes the search quadratic.
_URL_BODY = r"(?:[^\s<>()⟦⟧|]|\([^\s<>()⟦⟧|]*+\))+(?<![?!.,:;*_~'\"])"
_BRACED = r"\{[^{}]*+\}"
for _ in range(4):
    _BRACED = rf"\{{(?:[^{{}}]|{_BRACED})*+\}}"
BRACES = _BRACED
"""A pattern of balanced braces, at most five deep."""

_LETTERS = r"\w\u0300-\u036f"  # with accents that are characters of their own
_STRUCTURE = re.compile(
    rf"""
      (?<![a-z0-9+.-])[a-z][a-z0-9+.-]{{0,30}}+://{_URL_BODY}     # any scheme
    | (?<![a-z0-9.-])www\.{_URL_BODY}
    | (?<![\w.+-])(?:(?:mailto|xmpp):)?+[\w.+-]++@[\w-]++(?:\.[\w-]++)++
    | \[\^[^\]\s]{{1,100}}\]                                       # undefined footnote
    | \[![a-z|-]{{1,40}}\][-+]?+                                   # alerts, callouts
    | !?\[\[[^\[\]\n⟦⟧]{{1,200}}\]\](?!\()                         # a wiki's links
    | \[[ x]\]                                                     # task box
    | \$?+(?<!\{{){BRACES}                          # template, format, ICU, attributes
    | \$?+(?<!\{{)\{{++[^{{}}\n]*+\}}++
    | %\(\w{{1,100}}\)[a-z]
    | (?<!\w)%[a-z_][\w.-]{{0,40}}+%(?!\w)
    | <%(?:[^%]|%(?!>)){{0,500}}+%>                                # ERB, EJS
    # JSX, whose attributes may hold braces, and what HTML is among it.
    | </?[a-z][\w.:-]*+(?=[\s/>])(?:[^<>{{}}"'`]|"[^"]*+"|'[^']*+'|{BRACES})*+>
    # Markdown's own characters, our brackets, control characters, line separators,
    # and what stands for the unreadable.
    | [\[\]<*_~`\\|⟦⟧\x00-\x1f\x7f-\x9f\u2028\u2029\ufffd\ud800-\udfff]
    """,
    re.VERBOSE | re.IGNORECASE,
)
_NAME = re.compile(
    rf"""
      (?<![^\W_])(?<![.\u0300-\u036f-])[^\W\d_][{_LETTERS}-]++
        (?:\.[{_LETTERS}-]{{2,}}+)++(?:\(\))?+                            # settings.py
    | (?<![{_LETTERS}./-])\.{{0,2}}+(?:/[{_LETTERS}.-]*[{_LETTERS}-])++    # /etc/hosts
    | (?<![{_LETTERS}-])--[a-z][\w-]*+                                   # --verbose
    | (?<![{_LETTERS}@])@[{_LETTERS}-]++(?:/[{_LETTERS}.-]++)?+           # @someone
    | (?<![\w:]):[a-z0-9_+-]{{2,40}}+:(?![\w:])                          # :emoji:
    | (?<!\S):[a-z]\w*+(?![\w:])                                       # :parameter
    """,
    re.VERBOSE,
)


def structure(text: str) -> Iterator[re.Match[str]]:
    """Bare URLs and addresses, template tags, and every character of Markdown's own.

    Whether those characters mean anything in the text is not asked.
    """
    return _STRUCTURE.finditer(text)


def names(text: str) -> Iterator[re.Match[str]]:
    """File names, paths, options and mentions: not language, and harmless if moved."""
    return _NAME.finditer(text)


def is_plain(text: str) -> bool:
    """Whether the text holds nothing that `structure` finds."""
    return _STRUCTURE.search(text) is None
