"""Engines that are servers, against small servers that misbehave on demand."""

import asyncio

import pytest

from demo_site.translation import (
    EngineBroken,
    EngineBusy,
    EngineError,
    EngineRefused,
    EngineTimeout,
    UnknownPair,
)
from demo_site.translation.remote import (
    ApyEngine,
    EasyNMTEngine,
    LibreTranslateEngine,
)
from demo_site.translation.remote.retry_after import (
    WITHOUT_HEADER_SECONDS,
    seconds_until_retry,
)
from tests.demo.servers import apy, easynmt, libretranslate, serving

SERVERS = {
    LibreTranslateEngine: libretranslate,
    EasyNMTEngine: easynmt,
    ApyEngine: apy,
}
kinds = pytest.mark.parametrize("kind", SERVERS, ids=lambda kind: kind.kind)


@pytest.fixture
def server(kind):
    """A server of the kind."""
    with serving(SERVERS[kind]()) as server:
        yield server


@pytest.fixture
async def engine(kind, server):
    """A healthy engine that asks it."""
    engine = kind(server.url)
    assert await engine.healthy()
    return engine


@kinds
async def test_texts_come_back_in_their_order(engine):
    """With placeholders and signs that engines give a meaning."""
    texts = ["the ⟦7⟧ door", "fish & chips > soup", "^ of [x] \\ {y}", "fin"]

    answers = await engine.translate(texts, "en", "es")

    assert answers == [text.upper() for text in texts]


@kinds
async def test_pairs_are_those_that_the_server_tells(kind, server):
    """In Django's codes; before the first probe there are none."""
    engine = kind(server.url)
    assert engine.pairs() == ()

    assert await engine.healthy()

    assert {("en", "es"), ("es", "en")} <= set(engine.pairs())
    assert engine.route("en", "es") == ("en", "es")
    with pytest.raises(UnknownPair):
        engine.route("en", "de")


@kinds
async def test_a_probe_is_one_request_once_the_pairs_are_known(engine, server):
    """The cheapest that the server has, and none for a translation."""
    before = len(server.requests)

    assert await engine.healthy()

    (asked,) = server.requests[before:]
    assert asked.method == "GET"
    assert asked.path in {"/health", "/model_name", "/listPairs"}


@kinds
@pytest.mark.parametrize("behaviour", ["500", "403", "reset", "not JSON", "redirect"])
async def test_a_server_that_does_not_answer_a_probe_is_not_healthy(
    engine, server, behaviour
):
    """Its pairs stay known, and it comes back by itself."""
    server.probes = behaviour
    is_healthy = await engine.healthy()
    pairs = engine.pairs()
    server.probes = "good"

    assert not is_healthy or behaviour == "not JSON"
    assert pairs == engine.pairs() != ()
    assert await engine.healthy()


@kinds
@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        ("400", EngineRefused),
        ("403", EngineBroken),
        ("500", EngineBroken),
        ("reset", EngineBroken),
        ("half", EngineBroken),
        ("not JSON", EngineBroken),
        ("deep JSON", EngineBroken),
        ("null", EngineBroken),
        ("numbers", EngineBroken),
        ("compressed", EngineBroken),
        ("redirect", EngineBroken),
        ("huge", EngineBroken),
        ("silence", EngineTimeout),
        ("drip", EngineTimeout),
    ],
)
async def test_each_misbehaviour_is_an_error_without_the_text(
    engine, server, behaviour, error, kind
):
    """Of a kind that says whether to try again; and the next request is served."""
    asking = engine
    if error is EngineTimeout:
        asking = kind(server.url, timeout=0.1)
        asking._own = engine._own  # a probe may take longer on a busy machine
    server.behave(behaviour)

    with pytest.raises(error) as caught:
        await asking.translate(["the zzmarker house"], "en", "es")

    assert "zzmarker" not in repr(caught.value)
    assert caught.value.__context__ is None
    assert await engine.translate(["one"], "en", "es") == ["ONE"]


@kinds
@pytest.mark.parametrize(
    ("behaviour", "least", "most"),
    [
        ("429", 2, 2),
        ("429 seconds", 7, 7),
        ("429 date", 85, 91),
        ("503 seconds", 3, 3),
    ],
)
async def test_a_busy_server_says_when_to_ask_again(
    engine, server, behaviour, least, most
):
    """In seconds or as a date; without either it is two seconds."""
    server.behave(behaviour)

    with pytest.raises(EngineBusy) as caught:
        await engine.translate(["text"], "en", "es")

    assert least <= caught.value.retry_after_seconds <= most


@pytest.mark.parametrize(
    "header",
    [
        f"Mon, 01 Jan 2024 00:00:00 +{'9' * 20}",
        f"Mon, 01 Jan {'9' * 20} 00:00:00 GMT",
        "soon",
        "",
    ],
)
def test_what_is_neither_seconds_nor_a_date_counts_as_none(header):
    """Also a date with numbers that no computer has: the server is busy, not broken."""
    assert seconds_until_retry(header) == WITHOUT_HEADER_SECONDS


@kinds
async def test_a_redirect_is_not_followed(engine, server):
    """The text goes to no other address."""
    server.behave("redirect")

    with pytest.raises(EngineBroken):
        await engine.translate(["text"], "en", "es")

    assert "/elsewhere" not in [asked.path for asked in server.requests]


@pytest.mark.parametrize(
    "kind", [LibreTranslateEngine, EasyNMTEngine], ids=lambda kind: kind.kind
)
async def test_answers_are_counted(engine, server):
    """D45: a short answer moves no text to another's place."""
    server.behave("wrong count")

    with pytest.raises(EngineBroken, match="1 answers to 2 texts"):
        await engine.translate(["one", "two"], "en", "es")


@pytest.mark.parametrize("kind", [EasyNMTEngine, ApyEngine], ids=lambda k: k.kind)
async def test_what_shows_that_an_answer_is_anothers_is_looked_at(engine, server):
    """Its languages, or placeholders that the text did not have."""
    await engine.translate(["a ⟦1⟧ b ⟦2⟧ c"], "es", "en")
    server.behave("another's answer")

    with pytest.raises(EngineBroken):
        await engine.translate(["text"], "en", "es")


@pytest.mark.parametrize("kind", [LibreTranslateEngine], ids=["libretranslate"])
async def test_all_texts_of_a_batch_are_one_request(engine, server):
    """In the server's own spelling of the languages."""
    await engine.translate(["one", "two"], "en", "pt-br")

    (asked,) = server.translations
    assert asked.json() == {
        "q": ["one", "two"],
        "source": "en",
        "target": "pt-BR",
        "format": "text",
    }


async def test_a_key_is_in_the_body_alone():
    """Of translations alone: no URL, no name, no representation shows it."""
    with serving(libretranslate(key="zzkey")) as server:
        engine = LibreTranslateEngine(server.url, api_key="zzkey")
        await engine.healthy()
        assert await engine.translate(["one"], "en", "es") == ["ONE"]

        assert "zzkey" not in f"{engine.name}{engine!r}{engine.client!r}"
        assert not [asked for asked in server.requests if "zzkey" in asked.path]


async def test_a_servers_own_limit_makes_batches_smaller():
    """It is asked for once, with the languages."""
    with serving(libretranslate(char_limit=400)) as server:
        engine = LibreTranslateEngine(server.url)
        await engine.healthy()

        assert engine.limits.characters == 400
        with pytest.raises(EngineRefused):
            await engine.translate(["x" * 401], "en", "es")


async def test_long_texts_reach_apy_in_parts():
    """D45: what is beyond ten parts of a request it would silently drop."""
    text = "The house is red. " * 400
    with serving(apy()) as server:
        engine = ApyEngine(server.url)
        await engine.healthy()

        assert await engine.translate([text], "en", "es") == [text.upper()]
        assert max(len(each.form()["q"]) for each in server.translations) <= 3000


async def test_a_server_that_does_not_exist_is_not_healthy():
    """Nobody listens there."""
    engine = LibreTranslateEngine("http://127.0.0.1:9")

    assert not await engine.healthy()


@pytest.mark.parametrize("kind", [LibreTranslateEngine], ids=["libretranslate"])
async def test_a_request_that_is_cancelled_ends(engine, server):
    """At once; the engine serves on."""
    server.behave("silence")
    asking = asyncio.ensure_future(engine.translate(["text"], "en", "es"))
    await asyncio.to_thread(server.came.wait, 10)

    asking.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asking
    assert await engine.translate(["one"], "en", "es") == ["ONE"]


def test_all_errors_are_of_one_family():
    """A caller needs to know one."""
    errors = (EngineBroken, EngineBusy, EngineRefused, EngineTimeout, UnknownPair)

    assert all(issubclass(error, EngineError) for error in errors)
