"""What must not change, although the Markdown parser reads it as words."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Each alternative starts with a fixed character or a look-behind, and repeats
# possessively or over a bounded class, so that no input makes the search quadratic.
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
    | \[toc\]
    | \$?+(?<!\{{){BRACES}                          # template, format, ICU, attributes
    | \$?+(?<!\{{)\{{++[^{{}}\n]*+\}}++
    | %\(\w{{1,100}}\)[a-z]
    | (?<!\w)%[a-z_][\w.-]{{0,40}}+%(?!\w)
    | (?<![\w%])%(?:[0-9]{{1,2}}\$)?+[sd@](?![\w'\u2019])             # printf
    | <%(?:[^%]|%(?!>)){{0,500}}+%>                                # ERB, EJS
    # JSX, whose attributes may hold braces, and what HTML is among it.
    | </?[a-z][\w.:-]*+(?=[\s/>])(?:[^<>{{}}"'`]|"[^"]*+"|'[^']*+'|{BRACES})*+>
    # Markdown's own characters, the placeholders' brackets, control characters, line
    # separators, and the character that replaces unreadable ones.
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
    | (?<![\w$\\])\$[a-zA-Z_]\w+                                       # $variable
    """,
    re.VERBOSE,
)


def structure(text: str) -> Iterator[re.Match[str]]:
    """Return matches of URLs, addresses, templates, JSX and Markdown's own characters.

    The characters are found whether or not they have a meaning in the text.
    """
    return _STRUCTURE.finditer(text)


def names(text: str) -> Iterator[re.Match[str]]:
    """Return matches of file names, paths, options and mentions."""
    return _NAME.finditer(text)


def is_plain(text: str) -> bool:
    """Return whether `structure` finds nothing in the text."""
    return _STRUCTURE.search(text) is None
