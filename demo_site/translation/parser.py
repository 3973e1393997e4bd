"""The Markdown parser of the demo: CommonMark and GitHub's additions, with a trace.

markdown-it does not say where in a paragraph an inline token stands. Here each of
its inline rules is wrapped to note what it took: the steps. What no step but
"text" took is what the parser gives as words.
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

from demo_site.translation.front_matter import front_matter_plugin
from demo_site.translation.passages import Passage, passages
from demo_site.translation.steps import Step

_Parse = Callable[[str, dict[str, Any]], list[Token]]
_Rule = Callable[[StateInline, bool], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Definitions:
    """What links and footnotes may refer to."""

    references: ChainMap[str, Any] = field(repr=False)
    """Link targets by label; the first map is what the parsed text itself defines."""

    footnotes: ChainMap[str, int] = field(repr=False)
    """Footnotes by label, each -1 for "not yet numbered"; the first map as above."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """The tokens of a text, and what they may refer to."""

    tokens: list[Token] = field(repr=False)
    """Block tokens in order; the inline ones have ``meta["steps"]``."""

    definitions: Definitions

    passages: list[Passage] = field(repr=False)
    """What is no Markdown; none where the text is a part of a document."""


def parse(text: str, known: Definitions | None = None) -> Parsed:
    """The tokens of a text with newlines as its only line ends.

    Args:
        text: Markdown without NUL.
        known: Definitions of the document that the text is a part of.
    """
    return _parsed(_PARSER.parse, text, known)


def parse_inline(text: str, known: Definitions | None = None) -> Parsed:
    """The one inline token of a text that is the content of a heading or a cell."""
    return _parsed(_PARSER.parseInline, text, known)


def _parsed(parser: _Parse, text: str, known: Definitions | None) -> Parsed:
    """What the parser makes of a text; its new definitions are apart from the known."""
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
    # A later parse that knows them numbers the footnotes anew.
    footnotes.update(dict.fromkeys(footnotes.maps[0], -1))
    return Parsed(
        tokens=tokens,
        definitions=Definitions(references=references, footnotes=footnotes),
        passages=[] if is_part else passages(text, tokens),
    )


class _Parser(MarkdownIt):
    """Takes each URL as it is written, whatever its scheme."""

    def validateLink(self, url: str) -> bool:  # noqa: N802
        """A link that renderers would refuse has a target all the same."""
        return True

    def normalizeLink(self, url: str) -> str:  # noqa: N802
        """Unchanged: shapes compare targets as they are written."""
        return url

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802
        """Unchanged, as `normalizeLink`."""
        return link


def _build() -> MarkdownIt:
    """The parser with its plugins, its rules wrapped; threads may share it."""
    parser = _Parser("commonmark")
    parser.enable(["table", "strikethrough"])
    parser.use(front_matter_plugin)
    parser.use(footnote_plugin, inline=False, move_to_end=False)
    # Entities and escapes stay tokens of their own, so that shapes show them.
    parser.disable("text_join")
    parser.core.ruler.at("inline", _inline)
    rules = parser.inline.ruler
    for name, rule in zip(rules.get_active_rules(), rules.getRules(""), strict=True):
        rules.at(name, _traced(name, rule))
    return parser


def _inline(state: StateCore) -> None:
    """Parse the inline tokens, each with a trace of its own."""
    for token in state.tokens:
        if token.type == "inline":
            token.children = []
            steps: list[Step] = []
            token.meta["steps"] = steps
            state.env["trace"] = (token.children, steps)
            state.md.inline.parse(token.content, state.md, state.env, token.children)


def _traced(name: str, rule: _Rule) -> _Rule:
    """The rule, noting what it takes; looking ahead and images' texts leave none."""

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
    """A link's steps: its two ends around those of its text.

    Where the text is also the label that finds the definition, as in ``[text]`` and
    ``[text][]``, it must not change: the link is one step.
    """
    closing = state.md.helpers.parseLinkLabel(state, link.start, True)
    if state.src[closing : link.end] in ("]", "][]"):
        return [link]
    opening = Step("link_open", link.start, link.start + 1, ())
    return [opening, *inner, Step("link_close", closing, link.end, ())]


_PARSER = _build()
# markdown-it compiles its rules at first use, for which threads must not race.
parse("words")
