"""SlidingCache loads once, keeps what is used, and forgets by itself."""

import asyncio
import gc
import weakref

import pytest

from ephemeral_tasks.core import Closed, QueueFull
from ephemeral_tasks.core.patterns import SlidingCache


@pytest.fixture
async def make_cache(clock):
    """Make a cache that slides by ten seconds, up to a minute; end it."""
    made = []

    def make(load, **options):
        options = {"sliding": 10, "absolute": 60, "clock": clock, **options}
        cache = SlidingCache(load, **options)
        made.append(cache)
        return cache

    yield make
    for cache in made:
        await cache.aclose()


@pytest.fixture
def loads():
    """The keys that were loaded."""
    return []


@pytest.fixture
def load(loads):
    """A body that notes its key and returns how often it was called."""

    async def load(key):
        loads.append(key)
        return f"{key}{len(loads)}"

    return load


async def test_a_value_is_loaded_once(make_cache, load, loads):
    """Also None is a value."""
    cache = make_cache(load)

    assert [await cache.get("a") for _ in range(3)] == ["a1"] * 3
    assert loads == ["a"]
    counters = cache.statistics()
    assert (counters.hits, counters.misses, counters.size) == (2, 1, 1)


async def test_calls_at_the_same_time_share_a_load(make_cache, hold):
    """D25: a hundred callers, one load."""
    cache = make_cache(hold.body)
    calls = [asyncio.create_task(cache.get("a")) for _ in range(100)]
    await hold.aentered(1)
    assert cache.statistics().loading == 1

    hold.open()

    assert await asyncio.gather(*calls) == ["a"] * 100
    assert hold.items == ["a"]


async def test_a_caller_that_goes_away_cancels_no_load(make_cache, hold, settle):
    """Its value is kept for the next one."""
    cache = make_cache(hold.body)
    gone = asyncio.create_task(cache.get("a"))
    await hold.aentered(1)
    gone.cancel()
    hold.open()
    await settle()

    assert len(cache) == 1
    assert await cache.get("a") == "a"
    assert hold.entries == 1


async def test_an_error_is_raised_to_all_and_not_kept(make_cache, hold):
    """The next call loads again."""

    async def load(key):
        await hold.body(key)
        raise ValueError(key)

    cache = make_cache(load)
    calls = [asyncio.create_task(cache.get("a")) for _ in range(3)]
    await hold.aentered(1)
    hold.open()
    results = await asyncio.gather(*calls, return_exceptions=True)

    assert [type(result) for result in results] == [ValueError] * 3
    with pytest.raises(ValueError, match="a"):
        await cache.get("a")
    assert hold.entries == 2


async def test_use_keeps_a_value(make_cache, load, clock):
    """D25: each use moves its end, up to its last one; then it is never given."""
    cache = make_cache(load)
    for _ in range(7):
        assert await cache.get("a") == "a1"
        await clock.advance(9)

    assert await cache.get("a") == "a2"  # 63 s after the load


async def test_an_expired_value_is_neither_given_nor_revived(make_cache, load, clock):
    """D25: not even where the timer has not come yet."""
    cache = make_cache(load)
    await cache.get("a")
    clock._now += 10

    assert await cache.get("a") == "a2"


async def test_a_quiet_cache_forgets_by_itself(make_cache, clock):
    """D25, D26: at the age, without a call and without a collection."""

    class Content:
        pass

    async def load(key):
        return Content()

    cache = make_cache(load)
    gone = weakref.ref(await cache.get("a"))
    await clock.advance(5)
    await cache.get("a")
    await clock.advance(5)
    assert gone() is not None

    gc.disable()
    try:
        await clock.advance(5)
        assert gone() is None
    finally:
        gc.enable()

    assert len(cache) == 0
    assert cache.statistics().expired == 1


async def test_the_value_used_longest_ago_goes(make_cache, load):
    """D25: the bound holds at every instant, by use and not by count of uses."""
    cache = make_cache(load, size=2)
    for key in "aaab":
        await cache.get(key)
    await cache.get("b")
    await cache.get("c")

    assert len(cache) == 2
    assert [*cache._entries] == ["b", "c"]
    assert cache.statistics().evicted == 1


async def test_an_invalidated_value_is_loaded_again(make_cache, load):
    """It says whether there was one."""
    cache = make_cache(load)
    await cache.get("a")

    assert cache.invalidate("a") is True
    assert cache.invalidate("a") is False
    assert await cache.get("a") == "a2"


async def test_a_load_of_before_an_invalidation_is_not_kept(make_cache, make_hold):
    """Its callers get it; later ones get what is true since."""
    holds = [make_hold(), make_hold()]
    calls = []

    async def load(key):
        calls.append(key)
        number = len(calls)
        await holds[number - 1].stop()
        return number

    cache = make_cache(load)
    before = asyncio.create_task(cache.get("a"))
    await holds[0].aentered(1)
    cache.invalidate("a")
    after = asyncio.create_task(cache.get("a"))
    await holds[1].aentered(1)
    holds[1].open()
    assert await after == 2
    holds[0].open()

    assert await before == 1
    assert await cache.get("a") == 2


async def test_what_a_cache_keeps_is_bounded(make_cache, load):
    """D27: a thousand invalidations leave no trace."""
    cache = make_cache(load, size=10)
    for number in range(1000):
        await cache.get(number % 20)
        cache.invalidate(number % 20)
        await cache.get(number)

    assert len(cache._entries) <= 10
    assert len(cache._expiry) <= 2 * 10 + 65
    assert cache._loads == {}


async def test_loads_have_the_coordinators_bounds(make_cache, hold):
    """A limit, a capacity, attempts."""
    cache = make_cache(hold.body, limit=1, capacity=1)
    calls = [asyncio.create_task(cache.get(key)) for key in "ab"]
    await hold.aentered(1)

    with pytest.raises(QueueFull):
        await cache.get("c")

    hold.open()
    assert await asyncio.gather(*calls) == ["a", "b"]
    assert hold.peak == 1


async def test_a_load_that_asks_for_its_own_key_is_refused(make_cache):
    """It would wait for itself."""

    async def load(key):
        return await cache.get(key)

    cache = make_cache(load)

    with pytest.raises(RuntimeError, match="the load of 'a' would wait for itself"):
        await cache.get("a")


async def test_without_limits_a_value_stays(make_cache, load, clock):
    """None for no limit; no timer is set."""
    cache = make_cache(load, sliding=None, absolute=None)
    await cache.get("a")
    assert clock._timers == []
    await clock.advance(1e6)

    assert await cache.get("a") == "a1"


async def test_a_closed_cache_keeps_nothing(clock, load):
    """Neither values nor timers; another get is refused."""
    async with SlidingCache(load, clock=clock) as cache:
        await cache.get("a")

    assert len(cache) == 0
    assert [timer for *_, timer in clock._timers if not timer.is_cancelled] == []
    with pytest.raises(Closed):
        await cache.get("a")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sliding": 0}, "sliding must be > 0, got 0"),
        ({"absolute": -1}, "absolute must be > 0, got -1"),
        ({"size": 0}, "size must be >= 1, got 0"),
    ],
    ids=str,
)
async def test_bounds_are_checked(load, options, message):
    """The argument, the rule and what came."""
    with pytest.raises(ValueError, match=message):
        SlidingCache(load, **options)
