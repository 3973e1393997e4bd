r"""Formulas: letters in a text that are no words.

``$…$``, ``$$…$$``, ``\(…\)`` and ``\[…\]``, the last two also with two backslashes. No
standard says which dollars belong together. GitHub's rule is taken: no white space
inside of them, no letter or digit outside. Escaped brackets are formulas in some
dialects and brackets in the others, so what stands between has to look like one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from demo_site.translation.steps import Step

# Each body ends before the next opening mark: no input makes the search quadratic.
DISPLAYED = r"""
    (?<![$\\])\$\$(?!\$)(?:[^$\\]|\\.|\$(?!\$))*+\$\$
    | (?<!\\)(?P<square>\\{1,2}+)\[(?:[^\\]|\\++(?![\[\]]))*+(?P=square)\]
"""
"""A verbose pattern of the formulas that may stand on lines of their own."""

_FORMULA = re.compile(
    rf"""
      {DISPLAYED}
    | (?<!\\)(?P<round>\\{{1,2}}+)\((?:[^\\]|\\++(?![()]))*+(?P=round)\)
    | (?<![\w$\\])\$\0++\$(?![\w$])                              # $`code`$
    | (?<![\w$\\])\$(?![\s$])(?:[^$\\\0]|\\.)++(?<!\s)\$(?![\w$])
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMAND = re.compile(r"\\[a-z]++\*?+(?:\{[^{}]*+\})?+", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{3,}+")
_OPERATOR = re.compile(r"[\\^_=+<>]")
_OPAQUE = frozenset(
    {"autolink", "backticks", "footnote_ref", "html_inline", "image", "link_close"}
)


def formulas(content: str, steps: Sequence[Step]) -> Iterator[re.Match[str]]:
    """Find the formulas of a block.

    Args:
        content: The block's content, without NUL.
        steps: Its code, tags and link targets, in which a dollar is a dollar.
    """
    return filter(is_formula, _FORMULA.finditer(_mask(content, steps)))


def is_formula(match: re.Match[str]) -> bool:
    """Return whether what stands between a formula's marks looks like one.

    Prose has words of three letters and more, a formula has operators and at most two
    such words besides its commands.
    """
    body = match[0].strip("$\\()[]")
    if match[0].startswith("$") and not any(map(str.isspace, body)):
        return True  # an amount of money is followed by a space
    words = _WORD.findall(_COMMAND.sub(" ", body))
    if not _OPERATOR.search(body):
        return not words and any(map(str.isalnum, body))
    return len(words) < 3


def _mask(content: str, steps: Sequence[Step]) -> str:
    """Return the content with NULs for its code, tags and targets."""
    parts, end = [], 0
    for step in steps:
        if step.rule in _OPAQUE and step.start >= end:
            parts += content[end : step.start], "\0" * (step.end - step.start)
            end = step.end
    return "".join([*parts, content[end:]])
