"""SignalHub delivers each signal once, to all that listen, and keeps little."""

import asyncio
import gc
import weakref

import pytest

from ephemeral_tasks.core import SignalHub, SignalLoop
from ephemeral_tasks.core.matching import matcher


@pytest.fixture
def hub(clock) -> SignalHub:
    """A hub whose time the test moves."""
    return SignalHub(clock=clock)


def names(signals) -> list[str]:
    """The signals' names."""
    return [signal.name for signal in signals]


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("a.b", ["a.b"], ["a.bc", "A.b", "a"]),
        ("a.*", ["a.", "a.b", "a.b.c"], ["a", "b.a."]),
        ("?", ["a", "."], ["", "ab"]),
        ("*.fail?d", ["a.failed", ".failed"], ["a.faild", "a.failed.b"]),
        ("[ab]", ["[ab]"], ["a", "b"]),
        ("*[ab]", ["x[ab]"], ["xa"]),
        ("*", ["", "a", "a\nb"], []),
    ],
)
def test_a_pattern_knows_two_wildcards(pattern, matching, others):
    """``*`` and ``?``; all other characters stand for themselves."""
    matches = matcher(pattern)

    assert all(matches(name) for name in matching)
    assert not any(matches(name) for name in others)


async def test_listeners_get_what_matches(hub):
    """Each in the order of its subscription; an ended subscription gets no more."""
    seen = []
    hub.subscribe("a.*", lambda signal: seen.append(("wild", signal.name)))
    end = hub.subscribe("a.b", lambda signal: seen.append(("exact", signal.name)))

    hub.emit("a.b", key=7)
    hub.emit("b.a")
    end()
    end()
    hub.emit("a.b")

    assert seen == [("wild", "a.b"), ("exact", "a.b"), ("wild", "a.b")]


async def test_a_listener_that_raises_harms_nobody(hub, caplog):
    """D22, D23, D26: it is logged; other listeners and the emitter do not notice."""
    seen = []
    hub.subscribe("a", lambda signal: 1 / 0)
    hub.subscribe("a", seen.append)

    signal = hub.emit("a")

    assert seen == [signal]
    (record,) = caplog.records
    assert record.getMessage() == "listener failed: signal=a"


async def test_all_listeners_get_all_signals_in_one_order(hub):
    """What a listener emits comes after the signal that it was called for."""
    first, second = [], []

    def answer(signal):
        first.append(signal.name)
        if signal.name == "a":
            hub.emit("b")

    hub.subscribe("*", answer)
    hub.subscribe("*", lambda signal: second.append(signal.name))
    hub.emit("a")

    assert first == second == names(hub.recent()) == ["a", "b"]
    assert [signal.path for signal in hub.recent()] == [(), ("a",)]


async def test_a_cycle_is_refused(hub, caplog):
    """D22, D28: two listeners that answer each other end after one round."""
    hub.subscribe("a", lambda signal: hub.emit("b"))
    hub.subscribe("b", lambda signal: hub.emit("a"))

    hub.emit("a")

    assert names(hub.recent()) == ["a", "b"]
    error = caplog.records[0].exc_info[1]
    assert isinstance(error, SignalLoop)
    assert str(error) == "signal loop: a → b → a"
    assert error.path == ("a", "b", "a")


async def test_the_same_name_about_another_key_is_no_cycle(hub):
    """A listener may pass on what it got, key by key."""

    def count_down(signal):
        if signal.key:
            hub.emit("a", signal.key - 1)

    hub.subscribe("a", count_down)
    hub.emit("a", 3)

    assert [signal.key for signal in hub.recent()] == [3, 2, 1, 0]


async def test_depth_is_bounded(clock, caplog):
    """D22: at most ``max_depth`` signals follow from each other."""
    hub = SignalHub(max_depth=3, clock=clock)
    hub.subscribe("a", lambda signal: hub.emit("a", signal.key + 1))

    hub.emit("a", 0)

    assert [signal.key for signal in hub.recent()] == [0, 1, 2]
    assert isinstance(caplog.records[0].exc_info[1], SignalLoop)


async def test_only_so_many_signals_are_remembered(clock):
    """D21: the oldest goes, and no other."""
    hub = SignalHub(capacity=3, clock=clock)
    for number in range(5):
        hub.emit(f"n{number}")

    assert names(hub.recent()) == ["n2", "n3", "n4"]
    assert names(hub.recent("*3")) == ["n3"]


async def test_a_quiet_hub_forgets_at_the_age(hub, clock):
    """D21, D26: by a timer; neither a look nor another signal is needed."""

    class Content:
        pass

    content = Content()
    hub.emit("old", content)
    gone = weakref.ref(content)
    del content
    await clock.advance(30)
    hub.emit("new")

    await clock.advance(29)
    assert gone() is not None
    await clock.advance(1)

    assert gone() is None
    assert names(hub.recent()) == ["new"]
    await clock.advance(30)
    assert len(hub._recent) == 0


async def test_thousands_of_signals_leave_nothing(clock):
    """D27: the hub stays as large as its capacity; the million is a benchmark."""
    hub = SignalHub(capacity=100, clock=clock)
    seen = []
    for number in range(20_000):
        hub.subscribe(f"{number}", seen.append)()
        hub.emit(f"n{number}", number)

    assert len(hub._recent) == 100
    assert len(hub._subscriptions) == 0
    assert not hub._subscriptions._exact
    assert len(clock._timers) == 1


async def test_a_waiter_gets_the_next_signal(hub, settle):
    """D16: what was emitted before it waited does not count."""
    hub.emit("ready", 1)
    waiting = asyncio.create_task(hub.wait_for("ready"))
    await settle()
    assert not waiting.done()

    hub.emit("ready", 2)

    assert (await waiting).key == 2
    assert len(hub._subscriptions) == 0


async def test_a_waiter_that_goes_away_leaves_nothing(hub, clock, settle):
    """Neither by cancellation nor by its time-out."""
    gone = asyncio.create_task(hub.wait_for("ready"))
    late = asyncio.create_task(hub.wait_for("ready", timeout=5))
    await settle()
    assert len(hub._subscriptions) == 2

    gone.cancel()
    await clock.advance(5)

    with pytest.raises(TimeoutError, match="no signal 'ready' came within 5 s"):
        await late
    assert gone.cancelled()
    assert len(hub._subscriptions) == 0


@pytest.mark.parametrize("pattern", ["a", "a*"])
async def test_a_subscriber_that_went_away_is_not_kept_alive(hub, pattern):
    """A method's subscription ends with its object, without a collection."""

    class Listener:
        def __init__(self):
            self.seen = []

        def on_signal(self, signal):
            self.seen.append(signal)

    listener = Listener()
    hub.subscribe(pattern, listener.on_signal)
    signal = hub.emit("a")
    assert listener.seen == [signal]
    gone = weakref.ref(listener)
    gc.disable()
    try:
        del listener
        assert gone() is None
    finally:
        gc.enable()

    assert not hub._subscriptions


async def test_a_hub_dies_without_a_collection(clock):
    """Its parts form no reference cycle."""

    class Listener:
        def on_signal(self, signal):
            pass

    listener = Listener()
    hub = SignalHub(max_age=None, clock=clock)
    hub.subscribe("*", listener.on_signal)
    hub.emit("a")
    gone = weakref.ref(hub._subscriptions), weakref.ref(hub)
    gc.disable()
    try:
        del hub
        assert [reference() for reference in gone] == [None, None]
    finally:
        gc.enable()


async def test_a_subscription_ended_by_an_earlier_listener_gets_nothing(hub):
    """Not even the signal that is just delivered."""
    seen, ends = [], []
    hub.subscribe("a", lambda signal: ends[0]())
    ends.append(hub.subscribe("a", seen.append))

    hub.emit("a")

    assert seen == []


async def test_another_loop_is_refused(hub):
    """The message names the way; a closed loop's hub may be used by the next."""
    hub.emit("a")

    def elsewhere():
        async def use():
            hub.emit("b")

        with pytest.raises(RuntimeError, match="call_soon_threadsafe"):
            asyncio.run(use())

    await asyncio.to_thread(elsewhere)
    assert names(hub.recent()) == ["a"]


def test_a_hub_outlives_its_loop():
    """It may be made at import, and belongs to the loop that uses it."""
    hub = SignalHub()
    seen = []
    hub.subscribe("*", seen.append)

    async def use(name):
        hub.emit(name)

    asyncio.run(use("a"))
    asyncio.run(use("b"))

    assert names(seen) == ["a", "b"]
    with pytest.raises(RuntimeError, match="inside a running event loop"):
        hub.emit("c")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda hub: hub.emit(7), TypeError, "name must be a str, got 7"),
        (lambda hub: hub.subscribe(7, print), TypeError, "pattern must be a str"),
        (
            lambda hub: hub.subscribe("a", hub.wait_for),
            TypeError,
            "callback must be a plain function, got",
        ),
        (lambda hub: SignalHub(capacity=-1), ValueError, "capacity must be >= 0"),
        (lambda hub: SignalHub(max_age=0), ValueError, "max_age must be > 0, got 0"),
        (lambda hub: SignalHub(max_depth=0), ValueError, "max_depth must be >= 1"),
    ],
)
async def test_arguments_are_checked(hub, call, error, message):
    """The argument, the rule and what came."""
    with pytest.raises(error, match=message):
        call(hub)
