"""The Markdown parser: CommonMark with GitHub's additions, and with a trace.

markdown-it does not say where in a paragraph an inline token is. Here each of its
inline rules is wrapped to record what it matched: the steps. What only the rule "text"
matched is words.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin

from demo_site.translation.admonitions import admonitions_plugin
from demo_site.translation.front_matter import front_matter_plugin
from demo_site.translation.passages import Passage, passages
from demo_site.translation.steps import Step

_ParserMethod = Callable[[str, dict[str, Any]], list[Token]]
_Rule = Callable[[StateInline, bool], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Definitions:
    """The targets that links and footnotes can refer to."""

    references: ChainMap[str, Any] = field(repr=False)
    """Link targets by label; the first map is of the parsed text itself."""

    footnotes: ChainMap[str, int] = field(repr=False)
    """Footnotes by label, each -1 for "not numbered"; the first map as above."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """The tokens of a text, and the targets that they can refer to."""

    tokens: list[Token] = field(repr=False)
    """Block tokens in order; the inline ones have ``meta["steps"]``."""

    definitions: Definitions

    passages: list[Passage] = field(repr=False)
    """Lines of other dialects; none if the text is a part of a document."""


def parse(text: str, known: Definitions | None = None) -> Parsed:
    """Return the tokens of a text with newlines as its only line ends.

    Args:
        text: Markdown without NUL.
        known: Definitions of the document that the text is a part of.
    """
    return _parse(_PARSER.parse, text, known)


def parse_inline(text: str, known: Definitions | None = None) -> Parsed:
    """Return the one inline token of the content of a heading or a cell."""
    return _parse(_PARSER.parseInline, text, known)


def _parse(parser: _ParserMethod, text: str, known: Definitions | None) -> Parsed:
    """Return the tokens of a text; its own definitions are the first maps."""
    is_part = known is not None
    known = known or Definitions(references=ChainMap(), footnotes=ChainMap())
    references = known.references.new_child()
    footnotes = known.footnotes.new_child()
    env = {
        "is_part": is_part,
        "references": references,
        "footnotes": {"refs": footnotes, "list": {}},
    }
    tokens = parser(text, env)
    # Reset: a later parse with these definitions numbers the footnotes itself.
    footnotes.update(dict.fromkeys(footnotes.maps[0], -1))
    return Parsed(
        tokens=tokens,
        definitions=Definitions(references=references, footnotes=footnotes),
        passages=[] if is_part else passages(text, tokens),
    )


class _Parser(MarkdownIt):
    """Accepts each URL as it is written, whatever its scheme."""

    def validateLink(self, url: str) -> bool:  # noqa: N802
        """Accept it: a target that renderers would refuse must be kept too."""
        return True

    def normalizeLink(self, url: str) -> str:  # noqa: N802
        """Return it unchanged: shapes compare targets as they are written."""
        return url

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802
        """Return it unchanged, as `normalizeLink`."""
        return link


def _build() -> MarkdownIt:
    """Return the parser with its plugins and wrapped rules; threads may share it."""
    parser = _Parser("commonmark")
    parser.enable(["table", "strikethrough"])
    parser.use(front_matter_plugin).use(admonitions_plugin)
    parser.use(footnote_plugin, inline=False, move_to_end=False)
    # Keep entities and escapes as tokens of their own, so that shapes show them.
    parser.disable("text_join")
    parser.core.ruler.at("inline", _inline)
    rules = parser.inline.ruler
    for name, rule in zip(rules.get_active_rules(), rules.getRules(""), strict=True):
        rules.at(name, _traced(name, rule))
    return parser


def _inline(state: StateCore) -> None:
    """Parse the inline tokens, each with its own trace."""
    for token in state.tokens:
        if token.type == "inline":
            token.children = []
            steps: list[Step] = []
            token.meta["steps"] = steps
            state.env["trace"] = (token.children, steps)
            state.md.inline.parse(token.content, state.md, state.env, token.children)


def _traced(name: str, rule: _Rule) -> _Rule:
    """Return the rule, recording what it matches, except ahead and in images."""

    def traced(state: StateInline, silent: bool) -> bool:
        tokens, steps = state.env["trace"]
        if silent or state.tokens is not tokens:
            return rule(state, silent)
        start, pushed, before = state.pos, len(tokens), len(steps)
        if not rule(state, silent):
            return False
        step = Step(name, start, state.pos, tuple(tokens[pushed:]))
        if name == "link":
            steps[before:] = _link(state, step, steps[before:])
        else:
            steps.append(step)
        return True

    return traced


def _link(state: StateInline, link: Step, inner: list[Step]) -> list[Step]:
    """Return a link's steps: its two ends around those of its text.

    In ``[text]`` and ``[text][]`` the text is also the label of the definition and must
    not change: the link is one step.
    """
    closing = state.md.helpers.parseLinkLabel(state, link.start, True)
    if state.src[closing : link.end] in ("]", "][]"):
        return [link]
    opening = Step("link_open", link.start, link.start + 1, ())
    return [opening, *inner, Step("link_close", closing, link.end, ())]


_PARSER = _build()
# markdown-it compiles its rules at first use, which is not safe in threads.
parse("words")
