"""Documents on their way to engines, through the process's one coordinator."""

import asyncio
import gc
import threading
from contextlib import suppress

import pytest

from demo_site.translation import (
    EngineBroken,
    EngineRefused,
    Limits,
    NoEngine,
    UnknownPair,
    get_engine,
    translate_document,
)
from demo_site.translation.together import service, team
from demo_site.translation.together.batches import Batch
from ephemeral_tasks import OperationCancelled, coordinators, pool, task
from ephemeral_tasks.testing import Hold, arun_task, drain
from tests.demo.engines import PAIRS, ToldEngine, failing

LONG = "\n\n".join(f"paragraph {number}" for number in range(25))


async def test_texts_go_in_batches(use_engines):
    """D45: of at most ten texts, in the document's order."""
    engine = ToldEngine()
    use_engines(engine)

    splice = await translate_document(LONG, "en", "es")

    assert splice.text == LONG.upper()
    assert [len(texts) for texts in engine.asked] == [10, 10, 5]


async def test_batches_are_as_small_as_the_smallest_engine_wants_them(use_engines):
    """Any engine of the pair may get them."""
    small = ToldEngine(limits=Limits(texts=3))
    use_engines(ToldEngine(), small, ToldEngine(limits=Limits(texts=1), pairs=[]))

    splice = await translate_document(LONG, "en", "es")

    assert splice.text == LONG.upper()
    assert max(len(texts) for texts in small.asked) == 3


async def test_a_text_that_engines_refuse_stays_as_it_was(use_engines):
    """It is counted; the others of its batch are translated."""

    def refuse(text):
        if "7" in text:
            raise EngineRefused("400")
        return text.upper()

    use_engines(ToldEngine(refuse), ToldEngine(refuse))

    splice = await translate_document(LONG, "en", "es")

    expected = LONG.upper()
    for number in (7, 17):
        expected = expected.replace(f"PARAGRAPH {number}\n", f"paragraph {number}\n")
    assert splice.text == expected
    assert splice.kept == 2


async def test_a_document_of_which_every_text_is_refused_fails(use_engines):
    """As by a server that misses its key; without texts there is nothing to refuse."""
    use_engines(ToldEngine(failing(EngineRefused("400"))))

    with pytest.raises(EngineRefused, match="every text was refused"):
        await translate_document(LONG, "en", "es")
    assert (await translate_document("`code`", "en", "es")).text == "`code`"


async def test_a_text_that_always_fails_loses_no_other(use_engines, monkeypatch):
    """Its batch is sent text by text, and it stays as it was."""
    monkeypatch.setattr(team, "_FIRST_PAUSE", 0.0)

    def answer(text):
        return fail(text) if "7" in text else text.upper()

    use_engines(ToldEngine(answer))

    splice = await translate_document("word 6\n\nword 7\n\nword 8", "en", "es")

    assert splice.text == "WORD 6\n\nword 7\n\nWORD 8"
    assert splice.kept == 1


async def test_a_pair_without_a_route_is_refused_before_anything_is_sent(use_engines):
    """Also to a caller that has no form."""
    engine = ToldEngine()
    use_engines(engine)

    with pytest.raises(UnknownPair):
        await translate_document(LONG, "en", "de")
    assert engine.asked == []


async def test_languages_are_reached_over_several_engines(use_engines):
    """No engine has the whole way."""
    use_engines(
        ToldEngine(lambda text: f"{text} es"),
        ToldEngine(lambda text: f"{text} de", pairs=[("es", "de")]),
    )

    assert (await translate_document("word", "en", "de")).text == "word es de"
    assert ("en", "de") in get_engine().pairs()


async def test_a_cancelled_document_asks_no_more(use_engines):
    """D38: its batches that wait are withdrawn."""
    hold = Hold()
    engine = ToldEngine(hold=hold, limits=Limits(texts=1, requests=1))
    use_engines(engine)
    translating = asyncio.ensure_future(translate_document(LONG, "en", "es"))
    await hold.aentered()

    translating.cancel()
    with pytest.raises(asyncio.CancelledError):
        await translating
    await hold.aleft()
    hold.open()
    await translate_document("another", "en", "es")

    assert len(engine.asked) == 2


async def test_all_documents_share_what_the_engines_take(use_engines):
    """D37: however many are translated at once."""
    engine = ToldEngine(limits=Limits(texts=1, requests=3))
    use_engines(engine)

    await asyncio.gather(*(translate_document(LONG, "en", "es") for _ in range(8)))

    assert engine.peak <= 3
    assert coordinators["translation"].statistics().limit == 3


def fail(text):
    """Fail as an engine does."""
    raise EngineBroken("ended")


@pytest.mark.parametrize("answer", [str.upper, fail])
async def test_nothing_is_remembered_of_a_batch(use_engines, answer):
    """D33: not once its document is finished, well or not."""
    use_engines(ToldEngine(answer), patience_seconds=0.01)

    with suppress(NoEngine):
        await translate_document(LONG, "en", "es")

    await asyncio.to_thread(drain)
    gc.collect()
    assert [found for found in gc.get_objects() if isinstance(found, Batch)] == []


async def test_the_languages_of_one_operation_take_turns_as_one(use_engines):
    """An operation with five languages delays others no more than one with one."""
    hold = Hold()
    engine = ToldEngine(
        hold=hold,
        pairs=[*PAIRS, ("en", "fr"), ("en", "it")],
        limits=Limits(texts=1, requests=8),
    )
    use_engines(engine)
    several = asyncio.ensure_future(arun_task(translate_at_once, LONG))
    await hold.aentered(2)
    other = asyncio.ensure_future(translate_document("other", "en", "es"))
    await hold.aentered(3)

    assert engine.peak == 3
    hold.open()
    await several
    await other


@task
async def translate_at_once(text):
    """Translate into three languages at once."""
    await asyncio.gather(
        *(translate_document(text, "en", each) for each in ("es", "fr", "it"))
    )


def test_many_threads_that_ask_at_once_cause_one_round(use_engines):
    """And each knows the state when it returns."""
    engine = ToldEngine()
    made = use_engines(engine)
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(made.is_available()))
        for _ in range(8)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert found == [True] * 8
    assert engine.probes == 1


async def test_a_loop_is_not_blocked_by_the_first_question(use_engines):
    """It gets what is known, and the round goes on its way."""
    hold = Hold()

    class Slow(ToldEngine):
        async def healthy(self):
            await hold.stop()
            return True

    made = use_engines(Slow())

    assert not made.is_available()
    hold.open()
    await made.arefresh()
    assert made.is_available()


def turn_the_pools_loop():
    """Return once it has turned."""
    pool.get().loop.call(lambda: None)


def test_engines_are_asked_again_and_again_while_anybody_wants_to_know(
    use_engines, monkeypatch
):
    """Without a call from outside; then no more."""
    seen = threading.Event()

    class Counting(ToldEngine):
        async def healthy(self):
            if self.probes == 3:
                seen.set()
            return await super().healthy()

    engine = Counting()
    made = use_engines(engine, probe_seconds=0.001)
    made.refresh()
    assert seen.wait(10)

    monkeypatch.setattr(service, "_INTEREST_SECONDS", -1.0)
    probing = coordinators["translation-probes"]
    while made._timer is not None or probing.statistics().running:
        turn_the_pools_loop()
    probes = engine.probes
    for _ in range(20):  # no timer is set, and nothing runs that could set one
        turn_the_pools_loop()
    assert engine.probes == probes


async def test_a_text_that_waits_keeps_the_probes_going(use_engines, monkeypatch):
    """D36: an engine that comes back is seen, though no page is open."""
    monkeypatch.setattr(service, "_INTEREST_SECONDS", 0.1)
    seen = asyncio.Event()
    loop = asyncio.get_running_loop()

    class Away(ToldEngine):
        async def healthy(self):
            if self.probes == 6:
                loop.call_soon_threadsafe(seen.set)
            return await super().healthy()

    engine = Away()
    engine.is_there = False
    use_engines(engine, probe_seconds=0.03)
    translating = asyncio.ensure_future(translate_document("word", "en", "es"))

    await seen.wait()
    engine.is_there = True

    assert (await translating).text == "WORD"


async def test_after_the_pools_end_a_new_one_asks_anew(use_engines):
    """As after a fork: what belonged to the old loop is not used."""
    use_engines(ToldEngine())
    await translate_document("one", "en", "es")

    await asyncio.to_thread(pool.reset)

    assert (await translate_document("two", "en", "es")).text == "TWO"


async def test_a_process_that_ends_lets_no_document_hang(use_engines):
    """D39: what is not finished by then fails."""
    hold = Hold()
    use_engines(ToldEngine(hold=hold))
    translating = asyncio.ensure_future(translate_document("one", "en", "es"))
    await hold.aentered()

    await asyncio.to_thread(pool.drain, 0)

    with pytest.raises(OperationCancelled):
        await asyncio.wait_for(translating, 10)
