"""Breaker leaves what fails alone for a while, then tries it once."""

import asyncio
from functools import partial

import pytest

from ephemeral_tasks.core import BreakerOpen, SignalHub, Status, WorkCoordinator
from ephemeral_tasks.core.patterns import Breaker, BreakerState
from tests.core.bodies import echo, until


class Service:
    """What fails as long as it is told to."""

    def __init__(self):
        self.is_down = True
        self.calls = 0

    async def call(self, item):
        """Fail, or return the item."""
        self.calls += 1
        if self.is_down:
            raise ConnectionError
        return item


@pytest.fixture
def service() -> Service:
    """A service that is down."""
    return Service()


@pytest.fixture
def make_breaker(clock):
    """Make a breaker that opens at the second failure in ten seconds, for a minute."""
    options = {"failures": 2, "within": 10, "open_seconds": 60, "clock": clock}
    return partial(Breaker, **options)


async def fail_twice(body) -> None:
    """Call a guarded body until its breaker is open."""
    for _ in range(2):
        with pytest.raises(ConnectionError):
            await body(1)


async def test_it_opens_after_so_many_failures(make_breaker, service, clock):
    """Then nothing is called; the refusal says when to come again."""
    breaker = make_breaker()
    body = breaker.guard(service.call)
    await fail_twice(body)
    assert breaker.state is BreakerState.OPEN
    await clock.advance(20)

    with pytest.raises(BreakerOpen) as caught:
        await body(1)

    assert caught.value.retry_after_seconds == 40
    assert service.calls == 2


async def test_failures_far_apart_do_not_open_it(make_breaker, service, clock):
    """They must be within ten seconds."""
    breaker = make_breaker()
    body = breaker.guard(service.call)
    for _ in range(4):
        with pytest.raises(ConnectionError):
            await body(1)
        await clock.advance(10.5)

    assert breaker.state is BreakerState.CLOSED


async def test_a_trial_that_ends_well_closes_it(make_breaker, service, clock):
    """After a minute, and failures of before are forgotten."""
    breaker = make_breaker()
    body = breaker.guard(service.call)
    await fail_twice(body)
    await clock.advance(60)
    assert breaker.state is BreakerState.HALF_OPEN

    service.is_down = False
    assert await body(7) == 7
    assert breaker.state is BreakerState.CLOSED

    service.is_down = True
    with pytest.raises(ConnectionError):
        await body(1)
    assert breaker.state is BreakerState.CLOSED


async def test_a_trial_that_fails_opens_it_again(make_breaker, service, clock):
    """For as long as before."""
    breaker = make_breaker()
    body = breaker.guard(service.call)
    await fail_twice(body)
    await clock.advance(60)
    with pytest.raises(ConnectionError):
        await body(1)

    await clock.advance(59)
    assert breaker.state is BreakerState.OPEN
    await clock.advance(1)
    assert breaker.state is BreakerState.HALF_OPEN


async def begin_trial(make_breaker, hold, clock):
    """Return a breaker, its guarded body, and the task of the trial, which is held."""
    breaker = make_breaker()
    body = breaker.guard(hold.body)
    breaker.open()
    await clock.advance(60)
    trial = asyncio.create_task(body("trial"))
    await hold.aentered(1)
    return breaker, body, trial


async def test_one_body_is_the_trial(make_breaker, hold, clock):
    """Others are refused until it has ended."""
    _, body, trial = await begin_trial(make_breaker, hold, clock)

    with pytest.raises(BreakerOpen):
        await body("other")

    hold.open()
    assert await trial == "trial"
    assert await body("other") == "other"


async def test_a_trial_that_was_cancelled_shows_nothing(make_breaker, hold, clock):
    """The next body is the trial."""
    breaker, body, trial = await begin_trial(make_breaker, hold, clock)
    trial.cancel()
    await hold.aleft(1)
    hold.open()

    assert await body("next") == "next"
    assert breaker.state is BreakerState.CLOSED


async def test_a_trial_of_before_decides_nothing(make_breaker, hold, clock):
    """It was opened again meanwhile; the old trial's success does not close it."""
    breaker, _, trial = await begin_trial(make_breaker, hold, clock)

    breaker.open()
    hold.open()
    await trial

    assert breaker.state is BreakerState.OPEN


async def test_a_coordinators_time_out_is_a_failure(make_breaker, hold, clock):
    """A service that hangs is down, too."""
    breaker = make_breaker(failures=1)
    body = breaker.guard(hold.body)
    async with WorkCoordinator(body, limit=1, timeout=5, clock=clock) as work:
        operation = work.submit_nowait(1)
        await clock.advance(5)

    assert operation.status is Status.FAILED
    assert breaker.state is BreakerState.OPEN


async def test_only_named_errors_count(make_breaker):
    """A bad request says nothing of the service."""

    async def bad_request(item):
        raise ValueError(item)

    breaker = make_breaker(failures=1, errors=(ConnectionError,))
    with pytest.raises(ValueError, match="1"):
        await breaker.guard(bad_request)(1)

    assert breaker.state is BreakerState.CLOSED


async def test_bodies_may_wait_while_it_is_open(make_breaker, service, clock):
    """They run once the trial has ended well, and none of them failed."""
    breaker = make_breaker(defers=True)
    body = breaker.guard(service.call)
    await fail_twice(body)
    service.is_down = False
    async with WorkCoordinator(body, limit=3, clock=clock) as work:
        operations = [work.submit_nowait(item) for item in range(5)]
        await clock.advance(59)
        assert service.calls == 2
        await clock.advance(1)
        results = [await operation for operation in operations]

    assert results == [0, 1, 2, 3, 4]


async def test_bodies_that_wait_stay_while_trials_fail(make_breaker, service, clock):
    """Each minute one of them is the trial."""
    breaker = make_breaker(defers=True)
    body = breaker.guard(service.call)
    await fail_twice(body)
    async with WorkCoordinator(body, limit=3, clock=clock) as work:
        for item in range(3):
            work.submit_nowait(item)
        await clock.advance(60)
        assert service.calls == 3
        await clock.advance(60)
        assert service.calls == 4
        service.is_down = False
        await clock.advance(60)

    assert work.statistics().failed == 2
    assert work.statistics().successful == 1


async def test_a_signal_opens_it(make_breaker, clock):
    """Whatever the bodies say; its own signal neither opens it nor repeats itself."""
    hub = SignalHub(clock=clock)
    seen = []
    hub.subscribe("*", seen.append)
    breaker = make_breaker(hub=hub, open_on=["server.down", "breaker.opened"])
    hub.emit("server.down")
    assert breaker.state is BreakerState.OPEN

    await clock.advance(60)
    assert await breaker.guard(echo)(1) == 1

    assert [signal.name for signal in seen] == [
        "server.down",
        "breaker.opened",
        "breaker.half_opened",
        "breaker.closed",
    ]


async def test_a_coordinator_pauses_while_it_is_open(make_breaker, service, clock):
    """By its signals: waiting operations do not even get a slot."""
    hub = SignalHub(clock=clock, max_age=None)
    breaker = make_breaker(hub=hub, name="service", failures=1)
    work = WorkCoordinator(
        breaker.guard(service.call),
        limit=1,
        hub=hub,
        defer_on="service.opened",
        resume_on=["service.half_opened", "service.closed"],
        clock=clock,
    )
    first, second = (work.submit_nowait(item) for item in range(2))
    await until(lambda: first.is_finished)
    assert (second.status, service.calls) == (Status.READY, 1)
    service.is_down = False
    await clock.advance(60)
    await work.drain()

    assert await second == 1
    names = [signal.name for signal in hub.recent("service.*")]
    assert names == ["service.opened", "service.half_opened", "service.closed"]


async def test_it_can_be_worked_by_hand(make_breaker, clock):
    """open() and close(); closing leaves no timer behind."""
    breaker = make_breaker()
    breaker.open()
    breaker.open()
    breaker.close()
    breaker.close()

    assert breaker.state is BreakerState.CLOSED
    assert [timer for *_, timer in clock._timers if not timer.is_cancelled] == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"failures": 0}, "failures must be >= 1, got 0"),
        ({"within": 0}, "within must be > 0 and finite, got 0"),
        ({"open_seconds": 0}, "open_seconds must be > 0 and finite, got 0"),
        ({"open_on": "a"}, "open_on needs a hub"),
    ],
    ids=str,
)
async def test_bounds_are_checked(options, message):
    """The argument, the rule and what came."""
    with pytest.raises(ValueError, match=message):
        Breaker(**options)
