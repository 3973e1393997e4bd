"""Engines that work as one, on a clock that is moved by hand."""

import asyncio
from collections import deque

import pytest

from demo_site.translation import (
    EngineBroken,
    EngineBusy,
    EngineRefused,
    Limits,
    NoEngine,
    Pair,
    UnknownPair,
)
from demo_site.translation.together import member
from demo_site.translation.together.batches import Batch, cut
from demo_site.translation.together.team import Team
from demo_site.translation.together.work import RULES
from ephemeral_tasks.core import KeyedCoordinator
from ephemeral_tasks.core.testing import Hold, ManualClock
from tests.demo.engines import ToldEngine, failing

ES = Pair("en", "es")
GERMAN = Pair("es", "de")


def broken():
    """Answer with an error that counts as a failure."""
    return failing(EngineBroken("ended"))


class Work:
    """A team, and the coordinator whose batches it translates."""

    def __init__(self, engines, patience_seconds):
        self.clock = ManualClock()
        self.capacities = []
        self.team = Team(
            engines,
            patience_seconds=patience_seconds,
            on_capacity=self.resize,
            clock=self.clock,
        )
        self.coordinator = KeyedCoordinator(
            self.team.translate, limit=1, clock=self.clock, **RULES
        )

    def resize(self, limit):
        """Follow the engines' capacity, as the hosted coordinator does."""
        self.capacities.append(limit)
        self.coordinator.resize(limit)

    def submit(self, *texts, key="document", hops=(ES,)):
        """Return the operation of a batch."""
        batch = Batch(key=key, texts=list(texts), hops=deque(hops))
        return self.coordinator.submit_nowait(batch)

    async def translate(self, *texts, **options):
        """Return the translations of a batch, without any time passing."""
        operation = self.submit(*texts, **options)
        for _ in range(20):
            await self.clock.advance(0)
        assert operation.is_finished
        return await operation


@pytest.fixture
async def make_work():
    """Return what makes a team of engines that were asked once."""
    made = []

    async def make(*engines, patience_seconds=60.0):
        made.append(Work(engines, patience_seconds))
        await made[-1].team.probe()
        return made[-1]

    yield make
    for work in made:
        await work.coordinator.aclose()


# -- health ----------------------------------------------------------------------------


async def test_an_engine_is_healthy_from_its_first_good_probe():
    """D35: before it nothing is known, and nothing is sent."""
    engine = ToldEngine()
    work = Work([engine], 60.0)
    assert not work.team.members[0].is_answering

    await work.team.probe()

    assert work.team.members[0].is_answering
    await work.coordinator.aclose()


async def test_an_engine_that_is_away_gets_nothing_and_comes_back(make_work):
    """D35, D36: no engine leaves for good."""
    one, other = ToldEngine(name="one"), ToldEngine(name="other")
    work = await make_work(one, other)

    one.is_there = False
    await work.team.probe()
    for number in range(3):
        await work.translate("text", key=number)
    assert (len(one.asked), len(other.asked)) == (0, 3)

    one.is_there = True
    await work.team.probe()
    await work.translate("text")
    assert len(one.asked) == 1


async def test_all_are_probed_at_once_and_none_for_long(make_work, monkeypatch):
    """D36: a server that never answers delays nobody's probe."""
    monkeypatch.setattr(member, "_PROBE_SECONDS", 0.01)
    silent = [ToldEngine(name=f"silent {n}") for n in range(50)]
    there = ToldEngine()
    work = await make_work(*silent, there)
    for engine in silent:
        engine.is_there = None

    await asyncio.wait_for(work.team.probe(), 5)

    healthy = [each.engine for each in work.team.members if each.is_healthy]
    assert healthy == [there]


async def test_an_engine_whose_probe_raises_is_away(make_work):
    """An engine of the site's own may raise anything."""
    engine = ToldEngine()
    work = await make_work(engine)

    def fail():
        raise OSError("no such host")

    engine.healthy = fail
    await work.team.probe()

    assert not work.team.members[0].is_healthy


async def test_the_limit_follows_the_engines_that_answer(make_work):
    """D35: and is never zero, or waiting batches could not even give up."""
    one = ToldEngine(limits=Limits(requests=3))
    other = ToldEngine(limits=Limits(requests=5))
    work = await make_work(one, other)

    one.is_there = False
    await work.team.probe()
    other.is_there = False
    await work.team.probe()

    assert work.capacities == [8, 5, 1]


# -- choice ----------------------------------------------------------------------------


async def test_the_least_busy_engine_is_taken(make_work):
    """D47: not whichever is next in a circle."""
    hold = Hold()
    slow, quick = ToldEngine(name="slow", hold=hold), ToldEngine(name="quick")
    work = await make_work(slow, quick)
    work.submit("one", key="a")
    await hold.aentered()

    for number in range(3):
        await work.translate("text", key=number)

    assert (len(slow.asked), len(quick.asked)) == (1, 3)
    hold.open()


async def test_among_equals_engines_take_turns(make_work):
    """None stays idle while another one has all the work."""
    engines = [ToldEngine(name=str(number)) for number in range(3)]
    work = await make_work(*engines)

    for number in range(6):
        await work.translate("text", key=number)

    assert [len(engine.asked) for engine in engines] == [2, 2, 2]


async def test_an_engine_gets_no_more_than_it_takes(make_work):
    """Also where another engine's capacity is free, which lacks the pair."""
    hold = Hold()
    engine = ToldEngine(hold=hold, limits=Limits(requests=2))
    foreign = ToldEngine(pairs=[GERMAN], limits=Limits(requests=6))
    work = await make_work(engine, foreign)
    operations = [work.submit("text", key=number) for number in range(5)]
    await hold.aentered(2)
    await work.clock.advance(1)
    assert engine.peak == 2

    hold.open()
    await work.clock.advance(5)
    assert all(each.is_finished for each in operations)

    assert engine.peak == 2


async def test_documents_take_turns(make_work):
    """D44: the first batch of a short one goes before a long one's third."""
    hold = Hold()
    engine = ToldEngine(hold=hold, limits=Limits(requests=1))
    work = await make_work(engine)
    for number in range(10):
        work.submit(f"long {number}", key="long")
    work.submit("short", key="short")
    for count in range(1, 4):
        await hold.aentered(count)
        hold.pass_one()
    await hold.aleft(3)

    assert ["short"] in engine.asked[:3]
    hold.open()


# -- failures --------------------------------------------------------------------------


async def test_a_batch_that_failed_goes_to_another_engine_at_once(make_work):
    """D45: that batch alone, and no time passes."""
    bad, good = ToldEngine(broken(), name="bad"), ToldEngine(name="good")
    work = await make_work(bad, good)

    answers = [await work.translate("text", key=number) for number in range(3)]

    assert answers == [["TEXT"]] * 3
    assert len(good.asked) == 3


async def test_an_engine_that_fails_thrice_is_left_alone_for_a_while(make_work):
    """D47: a breaker each: another engine's goes on. Then one batch is its trial."""
    bad = ToldEngine(broken(), name="bad")
    good = ToldEngine(name="good")
    work = await make_work(bad, good)
    for number in range(12):
        await work.translate("text", key=number)
    assert bad.asked.count(["text"]) == 3
    assert len(good.asked) == 12

    bad.answer = str.upper
    await work.clock.advance(10)
    for number in range(4):
        await work.translate("text", key=number)

    assert bad.asked.count(["text"]) == 5


async def test_an_engine_that_fails_too_often_counts_as_away(make_work):
    """Although its probes are good; the page says so."""
    bad = ToldEngine(broken())
    work = await make_work(bad, patience_seconds=30.0)
    operation = work.submit("text")

    while not operation.is_finished and work.team.members[0].is_answering:
        await work.clock.advance(0.5)

    assert not operation.is_finished
    assert not work.team.routes(is_answering=True)
    operation.cancel()


async def test_a_busy_engine_is_left_alone_as_long_as_it_asked(make_work):
    """Meanwhile its batch holds no slot."""
    engine = ToldEngine(failing(EngineBusy(7.0)))
    work = await make_work(engine)
    operation = work.submit("text")
    await work.clock.advance(0)
    engine.answer = str.upper

    await work.clock.advance(6.9)
    statistics = work.coordinator.statistics()
    assert (statistics.running, statistics.retrying) == (0, 1)
    assert len(engine.asked) == 1

    await work.clock.advance(0.2)
    assert await operation == ["TEXT"]


async def test_while_one_engine_is_busy_others_are_asked(make_work):
    """It is no failure, and delays no batch."""
    busy = ToldEngine(failing(EngineBusy(3600.0)), name="busy")
    free = ToldEngine(name="free")
    work = await make_work(busy, free)

    for number in range(6):
        await work.translate("text", key=number)

    assert (len(busy.asked), len(free.asked)) == (1, 6)


async def test_batches_wait_for_an_engine_as_long_as_their_patience(make_work):
    """Then they fail; D36: an engine that comes back meanwhile serves them."""
    engine = ToldEngine()
    work = await make_work(engine, patience_seconds=60.0)
    engine.is_there = False
    await work.team.probe()
    saved, lost = work.submit("saved", key=1), work.submit("lost", key=2)

    await work.clock.advance(50)
    engine.is_there = True
    await work.team.probe()
    await work.clock.advance(2.1)
    assert await saved == await work.translate("SAVED") == ["SAVED"]
    assert await lost == ["LOST"]

    engine.is_there = False
    await work.team.probe()
    late = work.submit("late")
    await work.clock.advance(59)
    assert not late.is_finished
    await work.clock.advance(2)
    with pytest.raises(NoEngine):
        await late


async def test_a_batch_that_succeeds_at_its_last_try_is_a_success(make_work):
    """D40: the try at the end of its patience counts as any other."""
    engine = ToldEngine(failing(EngineBusy(60.0)))
    work = await make_work(engine, patience_seconds=60.0)
    operation = work.submit("text")
    await work.clock.advance(59.9)
    engine.answer = str.upper

    await work.clock.advance(0.2)

    assert await operation == ["TEXT"]


async def test_a_waiting_batch_holds_no_slot(make_work):
    """D35: an empty team ends nothing but itself."""
    work = await make_work(ToldEngine())
    work.team.members[0].engine.is_there = False
    await work.team.probe()
    work.submit("text")
    await work.clock.advance(1)

    assert work.coordinator.statistics().running == 0


async def test_answers_of_any_engine_are_counted(make_work):
    """D45: also of one that does not count by itself."""
    engine, good = ToldEngine(name="short"), ToldEngine(name="good")
    work = await make_work(engine, good)

    async def too_few(texts, source, target):
        return ["ONE"]

    engine.translate = too_few

    assert await work.translate("one", "two") == ["ONE", "TWO"]


async def test_an_error_of_an_engines_own_is_its_failure(make_work):
    """Whatever it raises, another engine gets the batch."""
    engine = ToldEngine(failing(KeyError("zzmarker")), name="own")
    work = await make_work(engine, ToldEngine(name="good"))

    assert await work.translate("one") == ["ONE"]
    assert engine.asked.count(["one"]) == 1


async def test_a_cancelled_batch_is_tried_no_more(make_work):
    """D45: a cancellation is no failure that is worth another try."""
    hold = Hold()
    engine = ToldEngine(hold=hold)
    work = await make_work(engine, ToldEngine(name="other"))
    operation = work.submit("text")
    await hold.aentered()

    operation.cancel()
    await work.clock.advance(60)

    assert operation.is_finished
    assert sum(len(each.engine.asked) for each in work.team.members) == 1


# -- texts that fail -------------------------------------------------------------------


def poisoned(text):
    """Translate any text but one."""
    if "poison" in text:
        raise EngineBroken("answered with HTTP 500")
    return text.upper()


class SilentToSamples(ToldEngine):
    """Has no answer to the sample by which a team judges a failure."""

    async def translate(self, texts, source, target):
        """As a test says, else."""
        if texts == [member._SAMPLE]:
            await asyncio.get_running_loop().create_future()
        return await super().translate(texts, source, target)


async def until_finished(work, operations):
    """Pass time until all have ended, and see that no engine leaves meanwhile."""
    while not all(each.is_finished for each in operations):
        await work.clock.advance(0.1)
        assert all(each.is_answering for each in work.team.members)


async def test_a_text_that_always_fails_takes_no_engine_from_others(make_work):
    """However many there are, and with no other text that would show the cause."""
    work = await make_work(ToldEngine(poisoned), ToldEngine(poisoned))
    operations = [work.submit("poison", key=number) for number in range(6)]

    await until_finished(work, operations)

    assert await work.translate("text") == ["TEXT"]
    for operation in operations:
        with pytest.raises(EngineRefused):
            await operation


@pytest.mark.parametrize(("engines", "times"), [(1, [3]), (2, [2, 2]), (3, [1, 1, 2])])
async def test_three_failures_are_a_refusal(make_work, engines, times):
    """And as after a refusal, one other engine may try it."""
    made = [ToldEngine(poisoned) for _ in range(engines)]
    work = await make_work(*made)
    operation = work.submit("poison")

    await until_finished(work, [operation])

    assert sorted(engine.asked.count(["poison"]) for engine in made) == times
    with pytest.raises(EngineRefused):
        await operation


async def test_a_text_that_fails_twice_at_each_hop_may_succeed(make_work):
    """It was not the cause, as where a server cuts a connection."""
    engine = ToldEngine(pairs=[ES, GERMAN])

    def answer(text):
        is_cut = text != member._SAMPLE and engine.asked.count([text]) < 3
        return poisoned("poison" if is_cut else text)

    engine.answer = answer
    work = await make_work(engine)
    operation = work.submit("text", hops=(ES, GERMAN))

    await until_finished(work, [operation])

    assert await operation == ["TEXT"]


async def test_a_pair_that_fails_takes_no_engine_from_others(make_work):
    """A visitor chooses the pair, too."""

    class WithoutFrench(ToldEngine):
        async def translate(self, texts, source, target):
            found = await super().translate(texts, source, target)
            return found if target != "fr" else []

    french = Pair("en", "fr")
    work = await make_work(WithoutFrench(pairs=[ES, french]))
    await work.translate("text")
    operations = [work.submit("a", key=key, hops=(french,)) for key in range(4)]

    await until_finished(work, operations)

    assert await work.translate("text") == ["TEXT"]


async def test_a_sample_without_an_answer_is_a_failure(make_work, monkeypatch):
    """The engine fails at any text then."""
    monkeypatch.setattr(member, "_SAMPLE_SECONDS", 0.01)
    (one,) = (await make_work(SilentToSamples(poisoned))).team.members

    for _ in range(3):
        assert one.is_answering
        with pytest.raises(EngineBroken):
            await one.translate(["poison"], ES)

    assert not one.is_answering


async def test_a_busy_engine_that_translates_others_has_not_failed(
    make_work, monkeypatch
):
    """Although it has no time for the sample."""
    monkeypatch.setattr(member, "_SAMPLE_SECONDS", 0.01)
    hold = Hold()
    (one,) = (await make_work(SilentToSamples(poisoned, hold=hold))).team.members
    fails = asyncio.ensure_future(one.translate(["poison"], ES))
    await hold.aentered()
    other = asyncio.ensure_future(one.translate(["text"], ES))
    await hold.aentered(2)

    hold.open()

    assert await other == ["TEXT"]
    with pytest.raises(member.TextsFailed):
        await fails


async def test_an_engine_that_is_asked_for_a_sample_may_be_busy(make_work):
    """Then nothing is known of the text, and the engine gets its rest."""

    def answer(text):
        raise EngineBusy(7.0) if text == member._SAMPLE else EngineBroken("500")

    (one,) = (await make_work(ToldEngine(answer))).team.members

    with pytest.raises(EngineBusy):
        await one.translate(["text"], ES)

    assert one.rest_seconds() == 7.0


async def test_a_text_that_fails_as_the_trial_ends_it_well(make_work):
    """It has shown that the engine is back."""
    engine = ToldEngine(broken())
    work = await make_work(engine)
    (one,) = work.team.members
    for _ in range(3):
        with pytest.raises(EngineBroken):
            await one.translate(["text"], ES)
    await work.clock.advance(10)
    engine.answer = poisoned

    with pytest.raises(member.TextsFailed):
        await one.translate(["poison"], ES)

    assert one.capacity == engine.limits.requests


# -- refusals --------------------------------------------------------------------------


async def test_a_text_that_one_engine_refuses_is_tried_with_one_other(make_work):
    """Not with a third."""
    engines = [
        ToldEngine(failing(EngineRefused("400")), name=str(number))
        for number in range(3)
    ]
    work = await make_work(*engines)

    with pytest.raises(EngineRefused):
        await work.translate("text")

    assert sorted(len(engine.asked) for engine in engines) == [0, 1, 1]


async def test_the_other_engine_may_translate_it(make_work):
    """A refusal is no failure: the engine goes on with other texts."""
    picky = ToldEngine(failing(EngineRefused("400")), name="picky")
    work = await make_work(picky, ToldEngine(name="easy"))

    assert [await work.translate("text") for _ in range(9)] == [["TEXT"]] * 9
    assert work.team.members[0].is_answering


async def test_a_refused_text_waits_for_another_engine_that_rests(make_work):
    """As long as that one has asked for, not longer."""
    busy = ToldEngine(failing(EngineBusy(7.0)), name="busy")
    picky = ToldEngine(failing(EngineRefused("400")), name="picky")
    work = await make_work(busy, picky)
    operation = work.submit("text")
    await work.clock.advance(6.9)
    busy.answer = str.upper
    assert not operation.is_finished

    await work.clock.advance(0.2)

    assert await operation == ["TEXT"]
    assert len(picky.asked) == 1


@pytest.mark.parametrize("seconds", [7.0, 59.0, 3600.0])
async def test_a_refused_text_waits_no_longer_than_its_patience(make_work, seconds):
    """And is refused then: an engine that rests does not make it a failure."""
    work = await make_work(
        ToldEngine(failing(EngineBusy(seconds)), name="busy"),
        ToldEngine(failing(EngineRefused("400")), name="picky"),
        patience_seconds=60.0,
    )
    operation = work.submit("text")

    await work.clock.advance(0 if seconds > 60.0 else 60.1)

    with pytest.raises(EngineRefused):
        await operation


async def test_several_texts_are_refused_at_once(make_work):
    """Their document sends them one by one."""
    engines = [ToldEngine(failing(EngineRefused("400"))) for _ in range(2)]
    work = await make_work(*engines)

    with pytest.raises(EngineRefused):
        await work.translate("one", "two")

    assert sum(len(engine.asked) for engine in engines) == 1


# -- routes ----------------------------------------------------------------------------


async def test_a_text_passes_through_the_languages_of_several_engines(make_work):
    """And only the hop that failed is tried again."""
    english = ToldEngine(lambda text: text + " es")
    bad = ToldEngine(broken(), pairs=[GERMAN])
    german = ToldEngine(lambda text: text + " de", pairs=[GERMAN])
    work = await make_work(english, bad, german)
    assert work.team.routes()["en", "de"] == ("en", "es", "de")

    assert await work.translate("text", hops=(ES, GERMAN)) == ["text es de"]
    assert english.asked == [["text"]]
    assert bad.asked.count(["text es"]) == len(german.asked) == 1


async def test_a_pair_that_no_engine_has_is_unknown(make_work):
    """It is not waited for."""
    work = await make_work(ToldEngine())

    with pytest.raises(UnknownPair):
        await work.translate("text", hops=(GERMAN,))


# -- batches ---------------------------------------------------------------------------


def test_batches_keep_to_their_limits():
    """D45: ten texts, 1500 characters; a longer text is alone."""
    texts = ["x" * 10] * 25 + ["y" * 800] * 3 + ["z" * 5000] + ["w"]

    portions = list(cut(texts, Limits()))

    assert [text for portion in portions for text in portion] == texts
    assert all(len(portion) <= 10 for portion in portions)
    assert all(sum(map(len, each)) <= 1500 for each in portions if len(each) > 1)
    assert ["z" * 5000] in portions
