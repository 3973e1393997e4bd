"""Markdown composed of every construct, and a stock parser's view of it.

What must not change is marked: each code span, target, title, tag and definition has
a word that starts with "zz", and no word of the language does.
"""

import re
import string

from hypothesis import settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.front_matter import front_matter_plugin

MARKED = re.compile(r"zz\w+")

_TITLE = re.compile(r"!!!|\?\?\?|===")

# To draw a document takes longer than to test it.
fewer = settings(max_examples=settings().max_examples // 2)

_LETTERS = string.ascii_lowercase.replace("z", "") + "éñ\u0301"
words = st.lists(st.text(_LETTERS, min_size=1, max_size=6), min_size=1, max_size=5).map(
    " ".join
)
_names = st.integers(0, 99).map("zz{}".format)


def _filled(pattern: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """The pattern with its fields drawn."""
    return st.tuples(*parts).map(lambda drawn: pattern.format(*drawn))


_spans = st.one_of(
    _filled("`{}`", _names),
    _filled("`` {} ` ``", _names),
    _filled("<https://{}.example>", _names),
    _filled("https://{}.example/a_(b)?c=*d*", _names),
    _filled("www.{}.example", _names),
    _filled("{}@example.org", _names),
    _filled('![{}]({}.png "{}")', _names, _names, _names),
    _filled("![{}][zzref]", _names),
    _filled('<b id="{}">{}</b>', _names, words),
    _filled("<code>{}</code>", _names),
    _filled("<!-- {} -->", _names),
    _filled("{{{{ {} }}}}", _names),
    _filled("{}_case", _names),
    _filled("($\\frac{{{}}}{{2}} + {}_i$)", _names, _names),
    _filled("($${} < *b*$$)", _names),
    _filled("(\\({}^2\\))", _names),
    _filled("(\\\\[{} = {}\\\\])", _names, _names),
    _filled("[[{}|{}]]".replace("|", " "), _names, _names),
    _filled("(%{}%)", _names),
    _filled("<%= {} %>", _names),
    _filled("<Icon name={{'{}'}} title=\"{}\" />", _names, _names),
    _filled("{{n, plural, one {{# {}}} other {{# {}}}}}", _names, _names),
    _filled("{}{{.{}}}", words, _names),
    _filled("({{{}}} %{}% ${})", _names, _names, _names),
    _filled('({{{{< {} "zz" >}}}})', _names),
    _filled("(:{}:)", _names),
    _filled("({{{{< katex >}}}}{} + b{{{{< /katex >}}}})", _names),
    st.sampled_from(["[^zzfoot]", "[zzref]", "[zzref][]", "[^zznone]", "[none]"]),
    st.sampled_from(["&amp;", "&#39;", "&nbsp;", "\\*", "\\[", "\\|", "\\_", "!", ":"]),
    st.sampled_from(["*", "_", "[", "]", "<", "~", "⟦7⟧", "a * b"]),
)


# A link inside of a link would leave the outer one's target to be words.
_labels = words | _filled("*{}*", words) | _filled("`{}`", _names)
_links = st.one_of(
    _filled('[{}](https://{}.example "{}")', _labels, _names, _names),
    _filled("[{}](<{} {}>)", _labels, _names, _names),
    _filled("[{}][zzref]", _labels),
)


def _inside(text: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Text inside of emphasis, and beside other text."""
    return st.one_of(
        _filled("*{}*", text),
        _filled("_{}_", text),
        _filled("**{}**", text),
        _filled("***{}***", text),
        _filled("~~{}~~", text),
        st.tuples(text, text).map(" ".join),
        st.tuples(words, text).map("".join),
    )


inlines = st.recursive(words | _spans | _links, _inside, max_leaves=6)
_breaks = st.sampled_from(["\n", "  \n", "\\\n", " \n", "\n   "])
_paragraphs = st.lists(st.tuples(words, inlines).map(" ".join), min_size=1, max_size=3)


@st.composite
def _broken(draw: st.DrawFn) -> list[str]:
    """The lines of a paragraph."""
    text = draw(_paragraphs)
    joined = text[0]
    for line in text[1:]:
        joined += draw(_breaks) + line
    return joined.split("\n")


@st.composite
def _tables(draw: st.DrawFn) -> list[str]:
    """The lines of a table, with or without outer pipes."""
    columns = draw(st.integers(2, 3))
    row = st.lists(inlines, min_size=columns, max_size=columns)
    rows = draw(st.lists(row, min_size=1, max_size=3))
    rules = draw(
        st.lists(
            st.sampled_from(["---", ":--", "--:", ":-:"]),
            min_size=columns,
            max_size=columns,
        )
    )
    edge = draw(st.sampled_from(["| {} |", "{}"]))
    lines = [rows[0], rules, *rows[1:]]
    return [edge.format(" | ".join(cells)) for cells in lines]


_leaves = st.one_of(
    _broken(),
    _broken().map(lambda lines: _prefixed(lines, "* [x] ", "  ")),
    _tables(),
    _filled("## {}", inlines).map(lambda line: [line]),
    _filled("# {} ##", words).map(lambda line: [line]),
    words.map(lambda line: [line, "==="]),
    st.tuples(_broken(), st.just(["---"])).map(lambda parts: parts[0] + parts[1]),
    st.just(["***"]),
    _names.map(lambda code: ["```py", f"{code} = '# foo'", "", "```"]),
    _names.map(lambda code: ["~~~ zzinfo", f"- {code} `", "~~~"]),
    _names.map(lambda code: ["***", "", f"    {code} = 1", ""]),
    _names.map(lambda name: ["<div>", f"*{name}* zzraw", "</div>", ""]),
    _names.map(lambda name: ["<!--", f"{name}", "", "zzmore -->", ""]),
    _names.map(lambda name: ["$$", f"{name} + {name}", f"- {name}", "=", "b", "$$"]),
    _names.map(lambda name: ["\\[", f"{name} = {name}", "\\]"]),
    _names.map(lambda name: ["\\begin{split}", name, "+ b", "\\end{split}"]),
    _names.map(lambda name: ["{% raw %}", "", f"* {name}", "", "{% endraw %}"]),
    _names.map(lambda name: ["{{< code >}}", "", f"+ {name}", "{{< /code >}}"]),
    _names.map(lambda name: ["```math", f"{name} = 1", "```"]),
    _names.map(lambda name: ["{/* zzcomment", "", name, "*/}"]),
    _names.map(lambda name: ["<Tabs values={[", f"  '{name}',", "]}>", "", "</Tabs>"]),
    st.tuples(_names, words).map(
        lambda parts: [f":::{parts[0]} {parts[1]}", "", parts[1], "", ":::"]
    ),
    st.tuples(_names, words).map(
        lambda parts: [f":::{{{parts[0]}}} {parts[1]}", f":{parts[0]}: zzoption", ":::"]
    ),
    st.tuples(_names, words).map(
        lambda parts: [f"> [!{parts[0][:2]}]", f"> {parts[1]}"]
    ),
    st.tuples(_names, words).map(
        lambda parts: [f'!!! {parts[0]} "{parts[1]}"', f"    {parts[1]}"]
    ),
    _filled("## {} {{#{}}}", inlines, _names).map(lambda line: [line]),
    _names.map(lambda name: ["", f'[zzref]: https://{name}.example "{name}"', ""]),
    st.tuples(words, words).map(
        lambda text: ["", f"[^zzfoot]: {text[0]}", "", f"    {text[1]}", ""]
    ),
)


def _prefixed(lines: list[str], head: str, rest: str) -> list[str]:
    """The lines inside of a container."""
    return [
        (head if number == 0 else rest) + line if line or number == 0 else line
        for number, line in enumerate(lines)
    ]


def _contained(blocks: st.SearchStrategy[list[str]]) -> st.SearchStrategy[list[str]]:
    """Blocks inside of quotes, lists and task lists, and one after the other."""
    return st.one_of(
        blocks.map(lambda lines: [f"> {line}" for line in lines]),
        blocks.map(lambda lines: _prefixed(lines, "- ", "  ")),
        blocks.map(lambda lines: _prefixed(lines, "1. ", "   ")),
        blocks.map(lambda lines: ["- [ ] task", "", *_prefixed(lines, "  ", "  ")]),
        st.tuples(blocks, blocks).map(lambda both: [*both[0], "", *both[1]]),
    )


_bodies = st.lists(st.recursive(_leaves, _contained, max_leaves=4), max_size=4)
_fronts = st.sampled_from(
    [
        *("", "", "\ufeff"),
        "---\ntitle: zzfront\n---\n",
        "+++\ntitle = 'zzfront'\n\n[zzmore]\n+++\n",
        '{\n  "title": "zzfront",\n\n  "a": {"zzmore": true}\n}\n',
        "% zzfront\n  zzmore\n% zzauthor\n\n",
        "Title: zzfront\n  zzmore\nzzkey: zzvalue\n\n",
        "import zzfront,\n  {zzmore} from 'zzfile'\n\n",
        "export const zzfront = {\n\n  zzmore: 1,\n}\n\n",
    ]
)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """A document with line ends of one kind."""
    blocks = draw(_bodies)
    blocks.append(["end[^zzfoot]", "", "[zzref]: /zzlast", "", "[^zzfoot]: note"])
    text = draw(_fronts) + "\n\n".join("\n".join(lines) for lines in blocks)
    return text.replace("\n", draw(st.sampled_from(["\n", "\n", "\r\n", "\r"])))


def stock_tokens(text: str) -> list[Token]:
    """The tokens of markdown-it as others use it."""
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    parser.use(front_matter_plugin).use(
        footnote_plugin, inline=False, move_to_end=False
    )
    # A lone surrogate has no place in a link's target.
    readable = re.sub(r"[\ud800-\udfff]", "\ufffd", text.removeprefix("\ufeff"))
    return parser.parse(readable)


def spoken(text: str) -> list[str]:
    """What the stock parser gives as words, a string for each run of them.

    And what it takes for indented code, which below an admonition's title is words.
    """
    tokens = stock_tokens(text)
    children = [each for token in tokens for each in token.children or ()]
    types = {"text", "code_block"} if _TITLE.search(text) else {"text"}
    return [each.content for each in (*tokens, *children) if each.type in types]


def skeleton(text: str) -> list[tuple[object, ...]]:
    """What the stock parser says of a text, but for its words."""
    found = []
    for token in stock_tokens(text):
        for each in [token, *(token.children or [])]:
            content = "" if each.type in ("inline", "text") else each.content
            if each.type != "text":
                found.append(
                    (
                        each.type,
                        each.tag,
                        each.markup,
                        each.info,
                        each.map,
                        content,
                        *sorted(each.attrs.items()),
                    )
                )
    return found
