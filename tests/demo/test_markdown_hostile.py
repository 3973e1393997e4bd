"""Whatever an engine answers, a document keeps all but its words."""

import re
from collections.abc import Callable
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from demo_site.translation.markdown import split
from tests.demo.markdown_documents import MARKED, documents, fewer, skeleton

_PARTS = re.compile(r"(⟦[0-9]+⟧)")
_INJECTIONS = [
    "",
    " ",
    "\\",
    "*",
    "**bold**",
    "_",
    "`",
    "```",
    "~~",
    "[x](http://x.example)",
    "[zzref]",
    "[^zzfoot]",
    "[^zzfoot]: x",
    "]: /x",
    "![x](y)",
    "<b>",
    "</b>",
    "<!--",
    "<div>",
    "&amp;",
    "&",
    "|",
    "| x | y |",
    ":--",
    "- ",
    "+",
    "+ x",
    "1. ",
    "2) x",
    "# ",
    "#",
    "> ",
    ">",
    "===",
    "---",
    "    x",
    ": x",
    "\n",
    "\n\n",
    "\r",
    "\n- x\n",
    "\n```\n",
    "\u2028",
    "\0",
    "\ud800",
    "⟦1⟧",
    "⟦999⟧",
    "⟦",
    "⟧",
    "⟦⟧",
    "https://x.example",
    "www.x.example",
    "x@x.example",
    "{{ x }}",
    "x" * 5000,
    "é ñ",
    ".",
]


def _parts(text: str) -> tuple[list[str], list[str]]:
    """The words and the placeholders of a text."""
    parts = _PARTS.split(text)
    return parts[::2], parts[1::2]


def _woven(words: list[str], marks: list[str]) -> str:
    """A text of words and placeholders, as many as there are."""
    return "".join(a + b for a, b in zip(words, [*marks, ""], strict=False))


def dropping(text: str, random: Random) -> str:
    """Loses a placeholder."""
    words, marks = _parts(text)
    return _woven(words, [mark for mark in marks if random.random() < 0.7])


def doubling(text: str, random: Random) -> str:
    """Says placeholders twice."""
    return _PARTS.sub(lambda match: match[0] * random.choice([1, 2]), text)


def shuffling(text: str, random: Random) -> str:
    """Puts placeholders into another order."""
    words, marks = _parts(text)
    return _woven(words, random.sample(marks, len(marks)))


def moving(text: str, random: Random) -> str:
    """Puts words into another order, as languages do."""
    words, marks = _parts(text)
    return _woven(random.sample(words, len(words)), marks)


def injecting(text: str, random: Random) -> str:
    """Says Markdown, HTML and line ends between its words."""
    words, marks = _parts(text)
    return _woven([random.choice(_INJECTIONS) + each for each in words], marks)


def replacing(text: str, random: Random) -> str:
    """Says Markdown, HTML and line ends in place of words."""
    words, marks = _parts(text)
    return _woven([random.choice([each, *_INJECTIONS]) for each in words], marks)


def appending(text: str, random: Random) -> str:
    """Says Markdown, HTML and line ends after its words."""
    words, marks = _parts(text)
    return _woven([each + random.choice(_INJECTIONS) for each in words], marks)


def starting(text: str, random: Random) -> str:
    """Starts with what starts a block."""
    return random.choice(_INJECTIONS) + " " + text


def emptying(text: str, random: Random) -> str:
    """Says nothing."""
    return random.choice(["", " ", "\n"])


def spacing(text: str, random: Random) -> str:
    """Loses and adds spaces beside placeholders."""
    return _PARTS.sub(
        lambda match: (
            random.choice(["", " ", "  "]) + match[0] + random.choice(["", " "])
        ),
        text.replace(" ", random.choice(["", " ", "  "])),
    )


def stammering(text: str, random: Random) -> str:
    """Says it all again, and again."""
    return text * random.choice([2, 100])


_Engine = Callable[[str, Random], str]
_ENGINES: list[_Engine] = [
    dropping,
    doubling,
    shuffling,
    moving,
    injecting,
    replacing,
    appending,
    starting,
    emptying,
    spacing,
    stammering,
]
_randoms = st.randoms(use_true_random=False)


@st.composite
def _answers(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A document and what a hostile engine, or one of many, answers for it."""
    source = draw(documents())
    random = draw(_randoms)
    engines = draw(st.lists(st.sampled_from(_ENGINES), min_size=1, max_size=3))
    texts = [random.choice(engines)(text, random) for text in split(source).texts]
    if draw(st.booleans()):
        texts = random.sample(texts, len(texts))
    return source, texts


@fewer
@given(_answers())
def test_code_links_and_structure_survive_any_answer(answered):
    """A stock parser reads the same blocks, lines, code, targets and tags."""
    source, answers = answered

    spliced = split(source).join(answers)

    assert skeleton(spliced) == skeleton(source)


@fewer
@given(_answers())
def test_what_must_not_change_is_all_there_in_its_order(answered):
    """No marked word is lost, doubled, added or moved."""
    source, answers = answered

    spliced = split(source).join(answers)

    assert MARKED.findall(spliced) == MARKED.findall(source)


@fewer
@given(_answers())
def test_every_byte_beside_the_words_survives_any_answer(answered):
    """What stands between words in the source stands in the splice, in order."""
    source, answers = answered
    document = split(source)

    spliced = document.join(answers)

    position, end = 0, 0
    for segment in document.segments:
        for piece in [source[end : segment.start], *(m.source for m in segment.marks)]:
            found = spliced.find(piece, position)
            assert found >= 0
            position = found + len(piece)
        end = segment.end
    assert spliced.endswith(source[end:])


@fewer
@given(_answers())
def test_a_splice_can_be_split_again(answered):
    """What one engine leaves is the same document for the next."""
    source, answers = answered
    document = split(source)

    again = split(document.join(answers))

    assert again.shape == document.shape
    assert again.join(again.texts) == again.source


@fewer
@given(documents(), _randoms)
def test_only_broken_answers_are_kept(source, random):
    """Of a good engine and a hostile one that take turns, the good one is heard."""
    document = split(source)
    answers = [
        text if number % 2 else emptying(text, random)
        for number, text in enumerate(document.texts)
    ]

    assert document.splice(answers).kept == (len(answers) + 1) // 2


@fewer
@given(documents())
def test_honest_translation_is_never_refused(source):
    """Letters for letters, placeholders in place: all of it is taken."""
    document = split(source)
    answers = [text.translate(str.maketrans("abc", "ABC")) for text in document.texts]

    assert document.splice(answers).kept == 0
