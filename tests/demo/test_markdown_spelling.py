"""Words reach an engine composed, and keep the document's spelling where they stay."""

from unicodedata import normalize

import pytest

from demo_site.translation.markdown import split

WORDS = ["canción", "élève", "Việt", "Ελλάδα", "йод", "ガ", "أ"]


@pytest.mark.parametrize("word", WORDS)
def test_words_are_sent_composed(word):
    """As dictionaries and models know them, whatever the engine."""
    document = split(normalize("NFD", f"La *{word}* es {word}.\n"))

    assert document.texts == [f"La ⟦1⟧{word}⟦2⟧ es {word}."]


@pytest.mark.parametrize("word", WORDS)
def test_words_that_the_engine_leaves_keep_their_bytes(word):
    """Names, for instance, also beside their composed form."""
    decomposed = normalize("NFD", word)
    document = split(f"The {decomposed}, *{word}*\n")

    spliced = document.join([f"El {word}, ⟦1⟧{word}"])

    assert spliced == f"El {decomposed}, *{word}*\n"


def test_words_of_the_engine_are_as_it_writes_them():
    """Only a word of the document has a spelling of its own."""
    document = split(normalize("NFD", "La canción\n"))

    assert document.join(["The élégant song"]) == "The élégant song\n"


@pytest.mark.parametrize("text", ["a \u0958", "a \ufb2a", "`a`\u0301b c", "\u0301b c"])
def test_what_has_no_composed_form_stays(text):
    """Letters that fall apart, and accents without a letter."""
    document = split(text)

    assert document.join(document.texts) == text
    assert document.join([document.texts[0].replace("a", "A")]).endswith(text[-1])
