"""Links to a heading of the same document still lead there after a translation."""

import pytest

from demo_site.translation.markdown import split


def translated(source: str) -> str:
    """Return the document with all its words in capitals."""
    document = split(source)
    return document.splice([text.upper() for text in document.texts]).text


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
    """Sites count them."""
    source = "[a](#one-1)\n\n# One\n\n# One\n"

    assert translated(source) == '[A](#one-1)\n\n# ONE\n\n# <a id="one-1"></a>ONE\n'


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
