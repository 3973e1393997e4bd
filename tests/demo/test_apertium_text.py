"""What becomes of a text before Apertium's programs see it, and after."""

import re
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo_site.translation.apertium.armour import armour
from demo_site.translation.apertium.cutting import cut

DANGEROUS = re.compile(r"[\\/^$\[\]{}<>@~\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\uffff]")
# Every character there is, lone surrogates too, and often those that mean something.
ANY = st.characters() | st.characters(categories=["Cs"])
TEXTS = st.text(
    ANY | st.sampled_from("[]K0\\/^$<>@{}~⟦⟧7 .\n\0\uffffabe\u0301\u0958\ufb2a")
)


@given(TEXTS)
def test_nothing_dangerous_gets_through(words):
    """Only our own blanks have brackets; the rest is plain and can be written."""
    body = armour(words).body

    assert not DANGEROUS.search(re.sub(r"\[K[0-9]+\]", "", body))
    body.encode()


@given(TEXTS)
def test_what_comes_back_unchanged_is_what_went_out(words):
    """Every character, whatever was kept."""
    armoured = armour(words)

    assert armoured.restore(armoured.body) == words


def test_placeholders_travel_as_blanks_and_come_back():
    """Also where the answer has them in another order."""
    armoured = armour("The ⟦12⟧red⟦7⟧ house")

    assert armoured.body == "The [K0]red[K1] house"
    assert armoured.restore("La [K1]casa[K0] roja") == "La ⟦7⟧casa⟦12⟧ roja"


def test_what_looks_like_a_blank_in_a_text_is_none():
    """A text cannot contain a mark for something that was kept."""
    armoured = armour("a [K1] b ⟦1⟧")

    assert armoured.body == "a [K0]K1[K1] b [K2]"


@pytest.mark.parametrize("word", ["canción", "élève", "é", "Ελλάδα", "йод", "ガ", "أ"])
def test_words_are_sent_composed_and_keep_their_spelling(word):
    """The dictionaries know composed letters only; what comes back is the text's."""
    decomposed = normalize("NFD", word)
    armoured = armour(f"a {decomposed}, {word} [{decomposed}]")

    assert armoured.body == f"a {word}, {word} [K0]{word}[K1]"
    assert armoured.restore(f"un {word} {word}") == f"un {decomposed} {word}"


def test_translated_words_keep_the_engines_spelling():
    """Only a word of the text has a spelling of its own."""
    armoured = armour(normalize("NFD", "rápida"))

    assert armoured.restore("célère rápide") == "célère rápide"


def test_escapes_of_apertium_are_taken_off():
    """Its dictionaries may answer with a sign of the format."""
    assert armour("and or").restore(r"y\/o \[sic\]") == "y/o [sic]"


def test_endless_words_never_reach_a_program():
    """Their time would grow with the square of the length."""
    assert armour("a " + "x" * 5000 + " b").body == "a [K0] b"


@given(TEXTS, st.integers(1, 40))
def test_lines_together_are_the_text(text, limit):
    """Cutting loses and adds nothing."""
    lines = cut(text, limit)

    assert "".join(line.head + line.words + line.tail for line in lines) == text


def test_long_texts_are_cut_between_sentences():
    """As far as one fits, else between words, else anywhere."""
    text = "One two. Three four five! Six seven eight nine ten eleven. abcdefghijklmnop"

    words = [line.words for line in cut(text, 12)]

    assert words == [
        "One two.",
        "Three four",
        "five!",
        "Six seven",
        "eight nine",
        "ten eleven.",
        "abcdefghijkl",
        "mnop",
    ]


def test_an_answer_begins_small_where_the_text_does():
    """Some pairs take every text for the beginning of a sentence."""
    (line,) = cut("⟦1⟧ is old")

    assert line.with_words("⟦1⟧ Es viejo") == "⟦1⟧ es viejo"
    assert cut("It is old")[0].with_words("Es viejo") == "Es viejo"


def test_placeholders_are_never_cut():
    """Not even where nothing else can be."""
    text = "⟦1⟧" * 50

    assert all(re.fullmatch("(⟦1⟧)+", line.head + line.words) for line in cut(text, 4))


@pytest.mark.parametrize("text", ["", "  ", "12 + 34", "⟦1⟧ ⟦2⟧", "—\n"])
def test_texts_without_letters_are_not_translated(text):
    """They stay as they are without a program having seen them."""
    assert [line.words for line in cut(text)] == [""]


def test_spaces_around_stay_and_doubled_ones_inside_do_not():
    """Apertium leaves two where it drops a word, and one before the first."""
    (line,) = cut("  He says that it works\n")

    assert line.with_words(" Dice que  funciona") == "  Dice que funciona\n"
