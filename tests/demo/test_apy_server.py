"""apertium-apy as it comes, with Apertium's own language pairs."""

import subprocess
import sys
from pathlib import Path

import pytest

from demo_site.translation import EngineRefused, translate_document
from demo_site.translation.remote import ApyEngine
from tests.demo.conftest import needs_pairs
from tests.needs import APERTIUM_MODES, needs_module

SERVER = Path(__file__).with_name("apy_on_loopback.py")


@pytest.fixture(scope="module")
def url():
    """A server on loopback."""
    needs_pairs()
    needs_module("apertium_apy", "apertium-apy")
    command = [sys.executable, SERVER, "-j1", APERTIUM_MODES.parent]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        server.terminate()


@pytest.fixture
async def engine(url):
    """An engine that knows the server's pairs."""
    made = ApyEngine(url, timeout=30.0)
    assert await made.healthy()
    return made


async def test_its_pairs_are_in_djangos_codes(engine):
    """Three letters there, two here."""
    assert {("en", "es"), ("es", "fr"), ("en", "ca")} <= set(engine.pairs())


async def test_words_are_translated_and_placeholders_stay(engine):
    """Unknown words without the server's mark, white space as it was."""
    texts = ["The ⟦7⟧ house is ⟦8⟧big⟦9⟧.", " the red door\n", "xyzzyfoo"]

    found = await engine.translate(texts, "en", "es")

    assert found == [
        "La ⟦7⟧ casa es ⟦8⟧grande⟦9⟧.",
        " la puerta roja\n",
        "xyzzyfoo",
    ]


async def test_what_apertium_gives_a_meaning_blocks_nobody(engine):
    """A lonely ``^``, brackets, a backslash, a control character."""
    hostile = ["^", "a ^ b", "[x", "\\", "{<@>}", "one\x00two", "~", "/ $"]
    for text in hostile:
        await engine.translate([text], "en", "es")

    assert await engine.translate(["the red door"], "en", "es") == ["la puerta roja"]


async def test_a_long_text_loses_nothing(engine):
    """Beyond ten parts of a request the server drops the rest without a word."""
    text = "The red door is open. " * 1500 + "The last house is big."

    (found,) = await engine.translate([text], "en", "es")

    assert found.count("puerta") == 1500
    assert found.endswith("La última casa es grande.")


async def test_a_pair_that_it_lacks_is_refused(engine):
    """The server says 400, and the engine says so."""
    with pytest.raises(EngineRefused):
        await engine.ask(["text"], "eng", "xyz")


async def test_a_document_comes_through_as_through_local_pipes(use_engines, url):
    """The sample of docs/translation.md."""
    use_engines(ApyEngine(url, timeout=30.0))

    splice = await translate_document("The **red** house is `big`.\n", "en", "es")

    assert splice.text == "La **casa** roja es `big`.\n"
