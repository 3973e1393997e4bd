r"""Formulas: letters in a text that are no words.

``$…$``, ``$$…$$``, ``\(…\)`` and ``\[…\]``, the last two also with two backslashes, and
LaTeX's environments. No standard says which dollars belong together. GitHub's rule is
used: no white space inside them, no letter or digit outside. Escaped brackets are
formulas in some dialects and brackets in others, so their content must look like one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from demo_site.translation.steps import Step

# Each body ends before the next opening mark: no input makes the search quadratic.
DISPLAYED = r"""
    (?<![$\\])\$\$(?!\$)(?:[^$\\]|\\.|\$(?!\$))*+\$\$
    | (?<!\\)(?P<square>\\{1,2}+)\[(?:[^\\]|\\++(?![\[\]]))*+(?P=square)\]
    | \\begin\{(?P<environment>
        (?:align(?:ed|at)?|array|cases|displaymath|eqnarray|equation|flalign|gather(?:ed)?
        |math|[bpvBV]?matrix|multline|split|tikzcd)\*?)\}
        (?:[^\\]|\\(?!(?:begin|end)\{(?P=environment)\}))*+\\end\{(?P=environment)\}
"""
"""A verbose pattern of the formulas that can have lines of their own."""

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
_OPERATOR = re.compile(r"[\\^_=+<>]|(?<=\s)[-*/](?=\s)")
_OPAQUE = frozenset(
    {"autolink", "backticks", "footnote_ref", "html_inline", "image", "link_close"}
)


def formulas(content: str, steps: Sequence[Step]) -> Iterator[re.Match[str]]:
    """Find the formulas of a block.

    Args:
        content: The block's content, without NUL.
        steps: Its code, tags and link targets, in which a dollar is a dollar.
    """
    found = _FORMULA.finditer(_mask(content, steps))
    return (match for match in found if is_formula(match[0]))


def is_formula(text: str) -> bool:
    """Return whether a text between the marks of a formula looks like one.

    Prose has words of three letters and more. A formula has them only as commands, or
    beside operators.
    """
    body = text.strip("$\\()[]")
    if text.startswith("$") and not any(map(str.isspace, body)):
        return True  # after an amount of money there is a space
    words = _WORD.findall(_COMMAND.sub(" ", body))
    operators = _OPERATOR.findall(body)
    if not operators:
        return not words and any(map(str.isalnum, body))
    return text.startswith("\\begin") or len(words) <= 2 * len(operators) + 1


def _mask(content: str, steps: Sequence[Step]) -> str:
    """Return the content with NULs for its code, tags and targets."""
    parts, end = [], 0
    for step in steps:
        if step.rule in _OPAQUE and step.start >= end:
            parts += content[end : step.start], "\0" * (step.end - step.start)
            end = step.end
    return "".join([*parts, content[end:]])
