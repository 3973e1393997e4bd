"""Links to a heading of the same document still lead there after a translation."""

import re
from typing import Any

import pytest
from hypothesis import given

from demo_site.translation.markdown import split
from tests.demo.markdown_documents import documents, fewer, skeleton


def translated(source: str, **options: Any) -> str:
    """Return the document with all its words in capitals."""
    document = split(source, **options)
    return document.splice([text.upper() for text in document.texts]).text


def turned(source: str) -> str:
    """Return the document, its words spelled backwards, with links that follow."""
    document = split(source, is_following=True)
    texts = [re.sub(r"[a-zé]+", lambda m: m[0][::-1], each) for each in document.texts]
    return document.splice(texts).text


@pytest.mark.parametrize(
    ("link", "heading", "expected"),
    [
        ("[a](#the-hut)", "## The hut", '## <a id="the-hut"></a>THE HUT'),
        ("[a](#the-hut)", "The hut\n===", '<a id="the-hut"></a>THE HUT\n==='),
        ("[a](#the-hut)", "> # The hut", '> # <a id="the-hut"></a>THE HUT'),
        ("[a](#the-hut)", "# The hut #", '# <a id="the-hut"></a>THE HUT #'),
        ("[a](#the-hut)", "# **The** hut", '# <a id="the-hut"></a>**THE** HUT'),
        ("[a](#the-hut-v20)", "# The hut: `v2.0`!", None),
        ("[a](#la-cabaña)", "# La cabaña", '# <a id="la-cabaña"></a>LA CABAÑA'),
        ("[a](#la-caba%C3%B1a)", "# La cabaña", '# <a id="la-cabaña"></a>LA CABAÑA'),
        ("[a](#la-cabana)", "# La cabaña", '# <a id="la-cabana"></a>LA CABAÑA'),
        ("[a][x]\n\n[x]: #the-hut", "# The hut", '# <a id="the-hut"></a>THE HUT'),
        ('<a href="#the-hut">x</a>', "# The hut", '# <a id="the-hut"></a>THE HUT'),
    ],
)
def test_heading_that_is_linked_to_keeps_its_id(link, heading, expected):
    """GitHub's and Python-Markdown's ids, and each way of writing a link."""
    after = translated(f"{link}\n\n{heading}\n").partition("\n\n")[2]

    expected = expected or '# <a id="the-hut-v20"></a>THE HUT: `v2.0`!'
    assert after.removeprefix("[x]: #the-hut\n\n") == f"{expected}\n"


def test_ids_are_written_as_the_document_writes_them():
    """Where one heading has an attribute list, the site understands them."""
    source = "[a](#one) [b](#x)\n\n# One #\n\n# Two {#x}\n"

    assert translated(source) == "[A](#one) [B](#x)\n\n# ONE {#one} #\n\n# TWO {#x}\n"


def test_second_heading_of_a_name_keeps_its_number():
    """Sites count them, with a dash or, as Python-Markdown does, an underscore."""
    for name in ("one-1", "one_1"):
        source = f"[a](#{name})\n\n# One\n\n# One\n"
        rest = f'# ONE\n\n# <a id="{name}"></a>ONE\n'

        assert translated(source) == f"[A](#{name})\n\n{rest}"


@pytest.mark.parametrize(
    "source",
    [
        "# The hut\n",
        "[a](#else)\n\n# The hut\n",
        "[a](b.md#the-hut)\n\n# The hut\n",
        "[a](#the-hut)\n\n# The hut {#hut}\n",
        "[a](#the-hut)\n\n# The hut {: #hut .big}\n",
        "[a](#the-hut)\n\nThe hut\n",
        '[a](#the-hut)\n\n# <b id="the-hut"></b>The hut\n',
        '[a](#the-hut)\n\n<b name="the-hut"></b>\n\n# The hut\n',
        "`[a](#the-hut)`\n\n# The hut\n",
    ],
)
def test_other_headings_get_no_id(source):
    """Nothing of this document leads to them by their words."""
    assert translated(source).count("#") == source.count("#")
    assert "<a" not in translated(source)


def test_heading_that_stays_as_it_was_gets_no_id():
    """Neither with the same words, nor with an answer that cannot be used."""
    document = split("[a](#the-hut)\n\n# The hut\n")

    assert document.join(["a", "The hut"]) == document.source
    assert document.join(["a", "The *hut*"]) == document.source


def test_anchors_change_nothing_else():
    """The translation has the same texts in the same places."""
    document = split("[a](#b-c) b\n\n# *b* `c`\n\n- # b c\n")

    again = split(document.join([text.upper() for text in document.texts]))

    assert [text.lower() for text in again.texts] == document.texts


def test_heading_that_other_documents_link_to_keeps_its_id():
    """Whoever splits a document says which ids these are."""
    source = "# The hut\n\n# The lake\n\n# Of {#own}\n"

    after = translated(source, linked={"the-hut", "own", "none"})

    assert after == "# THE HUT {#the-hut}\n\n# THE LAKE\n\n# OF {#own}\n"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("[hut](#the-hut)\n\n# the hut", "[tuh](#eht-tuh)\n\n# eht tuh"),
        ("[hut](<#the-hut> 'no')\n\n# the hut", "[tuh](<#eht-tuh> 'no')\n\n# eht tuh"),
        ("[x]\n\n[x]: #the-hut\n\n# the hut", "[x]\n\n[x]: #eht-tuh\n\n# eht tuh"),
        ("> [x]: #the-hut\n> [hut][x]\n\n# the hut", None),
        ('<a href="#the-hut">hut</a>\n\n# the hut', None),
        ('<p>\n<a href="#the-hut">no</a>\n\n# the hut', None),
        ("[![no](no)](#the-hut)\n\n# the hut", None),
        ("[a](#café)\n\n# café", "[a](#éfac)\n\n# éfac"),
        ("[a](#caf%C3%A9)\n\n# café", "[a](#%C3%A9fac)\n\n# éfac"),
        ("[a](#cafe)\n\n# café", "[a](#efac)\n\n# éfac"),
        ("[a](#hut-1)\n\n# hut\n\n# hut", "[a](#tuh-1)\n\n# tuh\n\n# tuh"),
        ("[a](#hut_1)\n\n# hut\n\n# hut", "[a](#tuh_1)\n\n# tuh\n\n# tuh"),
        ("[a](#on) [b](#no)\n\n# on\n\n# no", "[a](#no) [b](#on)\n\n# no\n\n# on"),
        ("`[a](#hut)` [a](#hut)\n\n# hut", "`[a](#hut)` [a](#tuh)\n\n# tuh"),
        ("    [a](#hut)\n\n[a](#hut)\n\n# hut", "    [a](#hut)\n\n[a](#tuh)\n\n# tuh"),
        ("[a](#hut)\r\n\r\n# hut\r\n", "[a](#tuh)\r\n\r\n# tuh\r\n"),
        ("[a](b.md#hut) [a](#else)\n\n# hut", "[a](b.md#hut) [a](#else)\n\n# tuh"),
    ],
)
def test_links_follow_the_headings_if_they_are_to(source, expected):
    """However they are written, and in the family of ids that they are of."""
    following = source.replace("the-hut", "eht-tuh").replace("the hut", "eht tuh")
    expected = expected or following.replace("[hut]", "[tuh]").replace(">hut<", ">tuh<")

    assert turned(source) == expected


def test_heading_whose_links_cannot_follow_keeps_its_id():
    """Its new words give no id, or a link is written in an unusual way."""
    document = split("[a](#cafe)\n\n# café\n", is_following=True)
    odd = "[a](#hut) [b](#&#104;ut)\n\n# hut\n"

    assert document.join(["a", "喫茶店"]) == '[a](#cafe)\n\n# <a id="cafe"></a>喫茶店\n'
    assert turned(odd) == odd.replace("# hut", '# <a id="hut"></a>tuh')


def test_heading_that_others_link_to_keeps_its_id_when_links_follow():
    """Their links are not changed, and neither are the document's own to it."""
    document = split("[a](#on)\n\n# on\n", linked=["on"], is_following=True)

    assert document.join(["a", "no"]) == '[a](#on)\n\n# <a id="on"></a>no\n'


@fewer
@given(documents())
def test_links_that_follow_change_nothing_but_where_they_lead(source):
    """A stock parser reads the same document otherwise."""
    source = f"[of](#ab-cd) [on][x] `#ab-cd`\n\n# ab cd\n\n[x]: #ab-cd\n\n{source}"
    kept, moved = skeleton(source), skeleton(turned(source))

    assert [str(each).replace("#ba-dc", "#ab-cd") for each in moved] == [
        *map(str, kept)
    ]
    assert turned(source).startswith("[fo](#ba-dc) [no][x] `#ab-cd`")
