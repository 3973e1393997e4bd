"""A parser from another codebase agrees: translation leaves real documents whole."""

import re
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import distributions
from typing import Any

import mistune
import pytest
from hypothesis import assume, given

from demo_site.editor.samples import FOLDER
from demo_site.translation.markdown import split
from demo_site.translation.placeholders import tear
from tests.demo.markdown_documents import documents, fewer
from tests.layers import ROOT

_FRONT_MATTER = re.compile(r"---\n.*?\n---\n", re.DOTALL)
# Headings that are linked to get one.
_ANCHOR = re.compile(r'<a id="[\w-]+"></a>| \{#[\w-]+\}')
_PLACEHOLDERS = re.compile(r"(⟦[0-9]+⟧)")
_SAMPLES = sorted(FOLDER.glob("*.md"))
_OWN = [*ROOT.glob("*.md"), *sorted(ROOT.glob("docs/**/*.md"))]
_LONGEST = 100_000
_PARSE = mistune.create_markdown(
    renderer="ast",
    plugins=["strikethrough", "footnotes", "table", "task_lists", "url"],
)


def _descriptions() -> Iterator[tuple[str, str]]:
    """The names and Markdown descriptions of the packages installed here."""
    for each in distributions():
        metadata = each.metadata
        content_type = metadata.get("Description-Content-Type") or ""
        text = metadata.get("Description") or metadata.get_payload()
        if "markdown" in content_type and isinstance(text, str):
            yield metadata["Name"], text[:_LONGEST]


_DESCRIPTIONS = dict(_descriptions())


def _translated(text: str) -> str:
    """A translation into a language of longer words, with accents and capitals."""
    parts = _PLACEHOLDERS.split(text)
    parts[::2] = [re.sub(r"[^\W\d_]{2,}", _word, words) for words in parts[::2]]
    return "".join(parts)


def _word(match: re.Match[str]) -> str:
    """A word of that language."""
    return match[0].swapcase() + "aé"


def _read(text: str) -> list[Any]:
    """What mistune makes of a text; it knows no front matter and no byte order mark."""
    return _PARSE(_FRONT_MATTER.sub("", text.removeprefix("\ufeff"), count=1))


def _mistune(text: str) -> list[Any]:
    """What mistune makes of a text, but for its words."""
    return [_shape(each) for each in _read(text)]


def _said(nodes: list[dict[str, Any]]) -> list[str]:
    """What it gives as words."""
    inner = [_said(node.get("children", [])) for node in nodes]
    own = [node["raw"] for node in nodes if node["type"] == "text"]
    return [*own, *(each for some in inner for each in some)]


def _shape(node: dict[str, Any]) -> Any:
    """A node without its words; neighbouring words are one."""
    if node["type"] == "text":
        return None
    rest = {key: value for key, value in node.items() if key != "children"}
    children = [_shape(child) for child in node.get("children", ())]
    return rest, [child for child in children if child is not None]


def _assert_agreed(source: str) -> None:
    """Both parsers see nothing changed but words, and all words are translated."""
    document = split(source)
    splice = document.splice([_translated(text) for text in document.texts])
    assert splice.kept == 0
    without = [_ANCHOR.sub("", text) for text in (splice.text, source)]
    assert _mistune(without[0]) == _mistune(without[1])


@pytest.mark.parametrize("path", _SAMPLES, ids=lambda path: path.stem)
def test_samples_keep_their_shape(path):
    """The three documents of the samples menu use every construct."""
    source = path.read_text()

    assert split(source).texts
    _assert_agreed(source)


@pytest.mark.parametrize("path", _OWN, ids=lambda path: str(path.relative_to(ROOT)))
def test_our_documentation_keeps_its_shape(path):
    """README, changelog and docs translate without breaking."""
    _assert_agreed(path.read_text())


@pytest.mark.parametrize("name", sorted(_DESCRIPTIONS))
def test_package_descriptions_keep_their_shape(name):
    """Documents by strangers, none of whom knew this splice."""
    _assert_agreed(_DESCRIPTIONS[name])


def test_samples_together_use_every_construct():
    """What a visitor may paste, the samples show."""
    together = "\n".join(path.read_text() for path in _SAMPLES)
    constructs = {
        "front matter": r"\A---\n",
        "nested list": r"^ +[-*1]",
        "task list": r"^- \[x\]",
        "table": r"^\|[ :]?-",
        "fence": r"^(```|~~~)",
        "indented code": r"^    \w",
        "HTML block": r"^<div",
        "inline HTML": r"<(em|kbd)>",
        "link with title": r'\]\(\S+\s"',
        "image": r"!\[",
        "definition": r"^\[\w+\]:",
        "footnote": r"^\[\^\w+\]:",
        "autolink": r"<https://",
        "bare URL": r" https://",
        "entity": r"&\w+;",
        "escape": r"\\\*",
        "hard break": r"(  |\\)\n",
        "emphasis": r"\*\*\*\w",
        "strikethrough": r"~~\w",
        "quote": r"^>",
        "setext heading": r"^===",
    }
    missing = [
        name
        for name, pattern in constructs.items()
        if not re.search(pattern, together, re.MULTILINE)
    ]
    assert missing == []


@fewer
@given(documents())
def test_composed_documents_keep_their_shape(source):
    """Where mistune reads the same words in a document, it still reads its shape."""
    texts = [" ".join(tear(text)[0]) for text in split(source).texts]
    assume(_counted(texts) <= _counted(_said(_read(source))))

    _assert_agreed(source)


def _counted(texts: list[str]) -> Counter[str]:
    """How often each word is said."""
    return Counter(re.findall(r"[^\W\d_]+", " ".join(texts)))
