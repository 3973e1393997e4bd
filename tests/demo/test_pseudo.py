"""The engine that only accents letters."""

import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo_site.translation.pseudo import PseudoEngine


async def test_letters_get_accents():
    """One for one, the case kept."""
    answers = await PseudoEngine().translate(["Hello, You!", "no"], "en", "es")

    assert answers == ["Héllõ, Ýõü!", "ñõ"]


@given(texts=st.lists(st.text()))
async def test_everything_but_ascii_letters_stays(texts):
    """Any text, any length, in order."""
    answers = await PseudoEngine().translate(texts, "en", "fr")

    def others(text: str) -> list[str]:
        return re.findall(r"[^A-Za-zÀ-ÿ]", text)

    assert list(map(len, answers)) == list(map(len, texts))
    assert list(map(others, answers)) == list(map(others, texts))


async def test_placeholders_come_back():
    """In their places."""
    answers = await PseudoEngine().translate(["The ⟦1⟧red⟦2⟧ house"], "en", "es")

    assert answers == ["Thé ⟦1⟧réd⟦2⟧ hõüsé"]


async def test_it_offers_pairs_and_is_always_healthy():
    """Of the languages that Apertium's packages for the demo have."""
    engine = PseudoEngine()

    assert engine.route("en", "fr") == ("en", "fr")
    assert len(engine.pairs()) == 30
    assert await engine.healthy()
    await engine.aclose()


@pytest.mark.parametrize("word", ["No translation engine", "accents letters"])
def test_it_says_what_it_is(word):
    """For the page to show."""
    assert PseudoEngine().is_pseudo
    assert word in str(PseudoEngine().notice)


async def test_it_may_pretend_to_work(monkeypatch):
    """For each text, so that there is progress to watch."""
    pauses = []

    async def sleep(seconds):
        pauses.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)

    await PseudoEngine().translate(["one", "two"], "en", "es")
    await PseudoEngine(seconds=0.2).translate(["one", "two"], "en", "es")

    assert pauses == [0.4]
