"""A whole document's translation, and what its caller is told meanwhile."""

import asyncio

import pytest
from hypothesis import given

from demo_site.translation import (
    EngineBroken,
    Limits,
    NoEngine,
    documents,
    translate_document,
)
from tests.demo.engines import ToldEngine, failing
from tests.demo.markdown_documents import documents as drawn
from tests.demo.markdown_documents import fewer

TEXT = "# Door\n\nA **red** one.\n\n```sh\nopen door\n```\n\nA [blue](b.html) one.\n"


@pytest.fixture
def engine(use_engines):
    """Puts an engine in the place of the process's own."""

    def engine(answer=str.upper):
        use_engines(ToldEngine(answer))

    return engine


async def test_words_change_and_nothing_else(engine):
    """The result also says how many texts there were, and how many stayed."""
    engine()

    splice = await translate_document(TEXT, "en", "es")

    assert splice.text == (
        "# DOOR\n\nA **RED** ONE.\n\n```sh\nopen door\n```\n\nA [BLUE](b.html) ONE.\n"
    )
    assert (splice.kept, splice.total) == (0, 3)


async def test_pieces_come_in_order_and_make_up_the_document(engine):
    """Each is a text with what follows it; the first stands before all texts."""
    engine()
    pieces = []

    await translate_document(TEXT, "en", "es", on_piece=pieces.append)

    assert pieces == [
        "# ",
        "DOOR\n\n",
        "A **RED** ONE.\n\n```sh\nopen door\n```\n\n",
        "A [BLUE](b.html) ONE.\n",
    ]


async def test_a_piece_whose_answer_cannot_be_used_is_the_original(engine):
    """As in the result."""
    engine(lambda text: "" if "blue" in text else text.upper())
    pieces = []

    splice = await translate_document(TEXT, "en", "es", on_piece=pieces.append)

    assert pieces[-1] == "A [blue](b.html) one.\n"
    assert splice.text == "".join(pieces)
    assert splice.kept == 1


async def test_progress_begins_at_nothing_and_ends_with_all(use_engines):
    """Also in a document without words."""
    use_engines(ToldEngine(limits=Limits(texts=1)))
    told = []

    await translate_document(TEXT, "en", "es", on_progress=lambda *n: told.append(n))
    await translate_document("---", "en", "es", on_progress=lambda *n: told.append(n))

    assert told == [(0, 3), (1, 3), (2, 3), (3, 3), (0, 0)]


async def test_what_a_callback_raises_ends_the_translation(engine):
    """A caller that has seen enough gets its own error."""
    engine()

    def stop(done, total):
        if done:
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        await translate_document(TEXT, "en", "es", on_progress=stop)


async def test_engines_that_fail_for_too_long_are_an_error(use_engines):
    """After the patience, and with no word of the text."""
    use_engines(ToldEngine(failing(EngineBroken("ended"))), patience_seconds=0.01)

    with pytest.raises(NoEngine):
        await translate_document(TEXT, "en", "es")


@fewer
@given(drawn())
def test_pieces_of_any_document_make_up_the_document(text):
    """Byte for byte, where the engine changes nothing."""
    document = documents.split(text)
    pieces = [documents._piece(document, i, t) for i, t in enumerate(document.texts)]

    assert documents._head(document) + "".join(pieces) == text


async def test_documents_may_be_translated_at_once(engine):
    """They share nothing."""
    engine()

    found = await asyncio.gather(
        *(translate_document(f"word {n}", "en", "es") for n in range(5))
    )

    assert [splice.text for splice in found] == [f"WORD {n}" for n in range(5)]
