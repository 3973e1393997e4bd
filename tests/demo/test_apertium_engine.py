"""Real Apertium: what it answers, and that no text gets lost in it."""

import asyncio
import random
import re
import threading
from unicodedata import normalize

import pytest

from demo_site.translation.apertium import ApertiumEngine
from demo_site.translation.errors import UnknownPair
from demo_site.translation.pseudo import PseudoEngine
from tests.demo.conftest import needs_pairs

SIGNS = "\\/^$[]{}<>@~*#+_|`\"'()!?:;%&=-.,\n\t\0\x01\u00a0\u2028\uffff\ud800⟦⟧🏠"


@pytest.mark.parametrize(
    ("target", "translation"),
    [
        ("es", "La casa roja es grande."),
        ("ca", "La casa vermella és gran."),
        ("fr", "La maison rouge est grande."),
        ("pt", "A casa vermelha é grande."),
        ("it", "La casa rossa è grande."),
    ],
)
async def test_english_becomes(apertium, target, translation):
    """Directly, or by way of Spanish."""
    answers = await apertium.translate(["The red house is big."], "en", target)

    assert answers == [translation]


async def test_words_move_and_placeholders_stay(apertium):
    """So that emphasis may fall on another word than before."""
    texts = ["The ⟦1⟧red⟦2⟧ house", "⟦3⟧ is a ⟦4⟧very old⟦5⟧ friend of ⟦6⟧."]

    assert await apertium.translate(texts, "en", "es") == [
        "La ⟦1⟧casa⟦2⟧ roja",
        "⟦3⟧ es un ⟦4⟧amigo muy⟦5⟧ viejo de ⟦6⟧.",
    ]


@pytest.mark.parametrize(
    ("source", "target", "text"),
    [
        ("es", "fr", "El niño está aquí y la canción es rápida."),
        ("fr", "es", "L'élève a mangé le gâteau à l'école."),
        ("en", "pt", "The café is big."),
    ],
)
async def test_decomposed_accents_make_no_difference(apertium, source, target, text):
    """Files of macOS and texts of PDFs have them; they are the same words."""
    composed, decomposed = (normalize(form, text) for form in ("NFC", "NFD"))

    one, other = await apertium.translate([composed, decomposed], source, target)

    assert one == other


async def test_unknown_words_keep_their_decomposed_accents(apertium):
    """What is not translated keeps every byte."""
    word = normalize("NFD", "xyzzyfóo")

    assert word in (await apertium.translate([f"The {word} sleeps."], "en", "fr"))[0]


async def test_unknown_words_come_back_without_marks(apertium):
    """As they are, also through two pairs."""
    answers = await apertium.translate(["The xyzzyfoo sleeps."], "en", "fr")

    assert "xyzzyfoo" in answers[0]
    assert "*" not in answers[0]


async def test_texts_of_a_request_do_not_flow_together(apertium):
    """Each is a text by itself: what stands before it changes nothing."""
    together = await apertium.translate(["The red", "house"], "en", "es")

    assert together == [
        *await apertium.translate(["The red"], "en", "es"),
        *await apertium.translate(["house"], "en", "es"),
    ]


async def test_a_sentence_without_an_end_does_not_wait_for_one(apertium):
    """Nor does the next text get its rest."""
    for _ in range(3):
        assert await apertium.translate(["the old garden"], "en", "es") == [
            "el jardín viejo"
        ]


async def test_no_sign_of_the_stream_format_holds_the_pipe_up(apertium):
    """Each one alone, doubled, between words, at the ends: all come back, in order."""
    texts = [
        form.format(sign)
        for sign in SIGNS
        for form in ("{}", "{0}{0}", "a {} b", "house{}", "{}house", "red {0}\n{0}{0}")
    ]

    answers = await apertium.translate(texts, "en", "es")

    for text, answer in zip(texts, answers, strict=True):
        kept = [sign for sign in text if sign in SIGNS]
        assert [sign for sign in answer if sign in SIGNS] == kept


async def test_random_texts_of_signs_and_words_keep_their_signs(apertium):
    """Two hundred of them, in every direction of a pivot."""
    drawn = random.Random(5)  # the same ones in each run
    words = ["the", "red", "house", "of", "in", "front", "cat", "12", "e-mail", ""]
    texts = [
        "".join(
            drawn.choice([*SIGNS, " ", *words]) for _ in range(drawn.randint(1, 14))
        )
        for _ in range(200)
    ]

    answers = await apertium.translate(texts, "en", "fr")

    for text, answer in zip(texts, answers, strict=True):
        for sign in "\\/^$[]{}<>@~\0\uffff\ud800⟦":
            assert text.count(sign) == answer.count(sign)


async def test_no_placeholder_is_lost_on_the_way(apertium):
    """In sentences of many kinds, directly and by pivots."""
    texts = [
        "If ⟦1⟧ was given, the ⟦2⟧first suite⟦3⟧ skips the rest and ⟦4⟧goes back⟦5⟧.",
        "To remind users that it operates by ⟦1⟧side effect, it⟦2⟧ does not return.",
        "⟦1⟧He can fish⟦2⟧, she said; ⟦3⟧they⟦4⟧ did not know ⟦5⟧ it.",
        "An ⟦1⟧exception handler⟦2⟧ ⟦3⟧ is started when ⟦4⟧ occurs in the suite.",
    ]
    for target in ("es", "ca", "fr", "pt", "it"):
        for text, answer in zip(
            texts, await apertium.translate(texts, "en", target), strict=True
        ):
            found = re.findall("⟦[0-9]+⟧", answer)
            assert sorted(found) == re.findall("⟦[0-9]+⟧", text)


async def test_long_texts_are_translated_whole(apertium):
    """Sentence by sentence, white space between them kept."""
    text = "The red house is big.\n" * 500

    answers = await apertium.translate([text], "en", "es")

    assert answers == ["La casa roja es grande.\n" * 500]


async def test_visitors_at_once_get_what_they_get_alone(apertium):
    """Six of them, each with texts of its own, one pipe."""
    visits = [[f"The house has {each} gardens."] * 20 for each in range(2, 8)]

    answers = await asyncio.gather(
        *(apertium.translate(texts, "en", "es") for texts in visits)
    )

    assert answers == [[f"La casa tiene {each} jardines."] * 20 for each in range(2, 8)]


def test_it_works_on_a_loop_that_is_not_the_main_threads():
    """As the pool's is."""
    needs_pairs()
    engine = ApertiumEngine()
    answers: list[str] = []

    async def visit() -> None:
        answers.extend(await engine.translate(["The house."], "en", "es"))
        await engine.aclose()

    thread = threading.Thread(target=asyncio.run, args=[visit()])
    thread.start()
    thread.join()

    assert answers == ["La casa."]


def test_pairs_are_all_that_are_connected(apertium):
    """Also by several steps; the route says which."""
    assert ("en", "es") in apertium.pairs()
    assert ("fr", "it") in apertium.pairs()
    assert list(apertium.pairs()) == sorted(apertium.pairs())
    assert apertium.route("en", "es") == ("en", "es")
    assert apertium.route("en", "fr") == ("en", "es", "fr")


@pytest.mark.parametrize("engine", [ApertiumEngine([]), PseudoEngine()])
async def test_an_unknown_pair_is_refused(engine):
    """By translation and route alike; what is no code is not repeated."""
    with pytest.raises(UnknownPair, match=r"^no translation from en to tlh$"):
        await engine.translate(["text"], "en", "tlh")
    with pytest.raises(UnknownPair, match=r"^no translation from en to an unknown l"):
        engine.route("en", "Dear diary")


async def test_it_is_healthy_while_its_programs_are_there(apertium, monkeypatch):
    """And not without them."""
    assert await apertium.healthy()

    monkeypatch.setenv("PATH", "/nowhere")

    assert not await apertium.healthy()
    assert not await ApertiumEngine([]).healthy()
