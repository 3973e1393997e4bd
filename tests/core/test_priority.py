"""PriorityCoordinator keeps the shared rules, and runs the highest lane first."""

import asyncio
from functools import partial

import pytest

from ephemeral_tasks.core import PriorityCoordinator, QueueFull, Status
from tests.core.bodies import adds_up, echo, until
from tests.core.contract import CoordinatorContract

LANES = {"now": None, "soon": None, "later": None}


def lane_of(item: str) -> str:
    """The lane of these tests: an item's name without its number."""
    return item.rstrip("0123456789")


class TestPriorityCoordinator(CoordinatorContract):
    @pytest.fixture
    def make(self, build):
        """Make a coordinator with a limit of 4; items go into its lowest lane."""
        return partial(build, PriorityCoordinator, lanes=LANES)

    @pytest.fixture
    def make_from(self, build):
        """Make one that reads a source."""
        return partial(build, PriorityCoordinator.from_iterable, lanes=LANES)

    @pytest.fixture
    def kind(self):
        """The class itself, with its lanes."""
        return partial(PriorityCoordinator, lanes=LANES)


@pytest.fixture
def make_lanes(build):
    """Make a coordinator of three lanes that runs one operation at a time."""
    return partial(build, PriorityCoordinator, lanes=LANES, lane=lane_of, limit=1)


async def order_of(make_lanes, hold, items, **options):
    """Submit items while the coordinator is paused; return the order of starts."""
    work = make_lanes(hold.body, **options)
    work.pause()
    for item in items:
        work.submit_nowait(item)
    hold.open()
    work.resume()
    await work.drain()
    return hold.items


async def test_a_higher_lane_goes_first(make_lanes, hold):
    """In the order of submission within a lane."""
    items = ("later1", "soon1", "now1", "later2", "now2")

    order = await order_of(make_lanes, hold, items)

    assert order == ["now1", "now2", "soon1", "later1", "later2"]


async def test_a_newcomer_of_a_higher_lane_starts_before_all_that_waits(
    make_lanes, hold
):
    """D7: nothing is taken out of its lane before a slot is free for it."""
    work = make_lanes(hold.body)
    for number in range(20):
        work.submit_nowait(f"later{number}")
    await hold.aentered(1)

    work.submit_nowait("now1")
    hold.open()
    await work.drain()

    assert hold.items[:2] == ["later0", "now1"]


async def test_a_lane_runs_as_many_as_the_limit(make_lanes, hold):
    """D20: operations of one lane do not wait for each other."""
    work = make_lanes(hold.body, limit=3)
    for number in range(5):
        work.submit_nowait(f"soon{number}")
    await hold.aentered(3)

    assert hold.running == 3


async def test_lanes_go_on_after_a_pause_without_a_new_submission(make_lanes, hold):
    """D6: at resume what waits starts, and drain ends."""
    items = ("now1", "later1", "soon1")

    assert len(await order_of(make_lanes, hold, items, limit=2)) == 3


async def test_a_full_lane_refuses_and_the_others_do_not(make_lanes, hold):
    """Its depth counts what waits; the refusal names the lane."""
    work = make_lanes(hold.body, lanes={"now": None, "later": 1})
    for item in ("now0", "later1", "now1"):
        work.submit_nowait(item)

    with pytest.raises(QueueFull, match="as many operations of 'later' wait as may"):
        work.submit_nowait("later2")

    assert work.waiting_by_lane() == {"now": 1, "later": 1}
    assert work.statistics().refused == 1
    assert adds_up(work)


async def test_a_lane_without_depth_takes_what_starts_at_once(make_lanes, hold):
    """A depth of 0 is for work that must not wait."""
    work = make_lanes(hold.body, lanes={"now": 0, "later": None})

    assert work.submit_nowait("now1").status is Status.RUNNING
    with pytest.raises(QueueFull):
        work.submit_nowait("now2")


async def test_a_submitter_of_a_full_lane_blocks_no_other_lane(make_lanes, hold):
    """It waits for its own lane alone."""
    work = make_lanes(hold.body, lanes={"now": None, "later": 0})
    work.submit_nowait("now0")
    blocked = asyncio.create_task(work.submit("later1"))
    await hold.aentered(1)

    assert (await work.submit("now1")).status is Status.READY
    assert not blocked.done()

    hold.open()
    await blocked
    await work.drain()
    assert hold.items == ["now0", "now1", "later1"]


async def test_the_submitter_of_a_higher_lane_gets_a_free_place_first(make_lanes, hold):
    """Also where it called later."""
    work = make_lanes(hold.body, capacity=0)
    work.submit_nowait("now0")
    blocked = [
        asyncio.create_task(work.submit(item)) for item in ("later1", "soon1", "now1")
    ]
    await hold.aentered(1)

    hold.open()
    await asyncio.gather(*blocked)
    await work.drain()

    assert hold.items == ["now0", "now1", "soon1", "later1"]


async def test_a_share_gives_a_lower_lane_its_part_of_the_starts(make_lanes, hold):
    """A tenth: one start of ten, from the first time that it waits."""
    items = [f"now{n}" for n in range(40)] + [f"later{n}" for n in range(9)]

    order = await order_of(make_lanes, hold, items, share={"later": 0.1})

    lower = [index for index, item in enumerate(order) if lane_of(item) == "later"]
    assert lower[:4] == [9, 19, 29, 39]


async def test_several_shares_are_kept_at_once(make_lanes, hold):
    """Each gets its own; two that are due at once go one after the other."""
    items = [f"{lane}{n}" for lane in LANES for n in range(100)]

    order = await order_of(make_lanes, hold, items, share={"soon": 0.25, "later": 0.1})

    lanes = [lane_of(item) for item in order[:101]]
    assert lanes.count("soon") == 25
    assert lanes.count("later") == 10


async def test_an_idle_lane_saves_no_starts_up(make_lanes, hold):
    """Its share counts from the moment at which it waits."""
    work = make_lanes(hold.body, share={"later": 0.5})
    hold.open()
    for number in range(10):
        await work.submit_nowait(f"now{number}")
    work.pause()
    items = ("now10", "now11", "now12", "later1", "later2")
    for item in items:
        work.submit_nowait(item)
    work.resume()
    await work.drain()

    assert hold.items[10:] == ["now10", "later1", "now11", "later2", "now12"]


async def test_what_was_due_to_a_lane_is_gone_when_it_is_empty(make_lanes, hold):
    """Also where its last operation was cancelled."""
    work = make_lanes(hold.body, share={"later": 0.5})
    work.submit_nowait("now0")
    work.submit_nowait("now1")
    cancelled = work.submit_nowait("later1")
    await hold.aentered(1)
    hold.pass_one()
    await hold.aentered(2)

    cancelled.cancel()
    work.submit_nowait("later2")
    work.submit_nowait("now2")
    hold.open()
    await work.drain()

    assert hold.items == ["now0", "now1", "now2", "later2"]


async def test_a_lane_without_a_share_waits_for_all_higher_ones(make_lanes, hold):
    """The warning of the page, as a fact."""
    items = ["later0"] + [f"now{n}" for n in range(200)]

    assert (await order_of(make_lanes, hold, items))[-1] == "later0"


async def test_a_retry_goes_first_in_its_own_lane(make_lanes, clock):
    """And behind the higher lanes."""
    order = []

    async def body(item):
        order.append(item)
        if item == "soon1" and order.count(item) == 1:
            raise ValueError

    work = make_lanes(body, max_attempts=2, backoff=lambda *_: 5, clock=clock)
    work.submit_nowait("soon1")
    await until(lambda: work.statistics().retrying == 1)
    work.pause()
    for item in ("soon2", "now1", "later1"):
        work.submit_nowait(item)
    await clock.advance(5)
    work.resume()
    await work.drain()

    assert order == ["soon1", "now1", "soon1", "soon2", "later1"]


async def test_submit_may_name_the_lane(build, hold):
    """In both of its forms; the snapshot shows it as the key."""
    work = build(PriorityCoordinator, hold.body, lanes=LANES)

    first = await work.submit("item", lane="now")
    second = work.submit_nowait("item", lane="soon")
    third = work.submit_nowait("item")

    keys = [operation.snapshot().key for operation in (first, second, third)]
    assert keys == ["now", "soon", "later"]


async def test_an_unknown_lane_is_refused(make_lanes):
    """The message lists the known ones, and nothing has changed."""
    work = make_lanes(echo)

    with pytest.raises(
        ValueError, match="lane must be one of 'now', 'soon', 'later', got 'never'"
    ):
        work.submit_nowait("item", lane="never")
    with pytest.raises(ValueError, match="lane must be one of"):
        await work.submit("item", lane="never")

    assert work.statistics().accepted == 0


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"lanes": {}}, ValueError, "lanes must have at least one lane, got none"),
        ({"lanes": ["now"]}, TypeError, "lanes must map names to depths, got"),
        ({"lanes": {1: None}}, TypeError, "a lane's name must be a str, got 1"),
        ({"lanes": {"now": -1}}, ValueError, r"lanes\['now'\] must be >= 0, got -1"),
        ({"lane": "now"}, TypeError, "lane must be callable, got 'now'"),
        ({"share": {"never": 0.1}}, ValueError, "share must name lanes, got 'never'"),
        ({"share": {"now": 0}}, ValueError, r"share\['now'\] must be > 0 and <= 1"),
        (
            {"share": {"now": 0.6, "soon": 0.6}},
            ValueError,
            "shares must be <= 1 together, got 1.2",
        ),
    ],
    ids=str,
)
async def test_lanes_are_checked(make_lanes, options, error, message):
    """The argument, the rule and what came."""
    with pytest.raises(error, match=message):
        make_lanes(echo, **options)


async def test_a_place_in_the_queue_counts_the_lanes(make_lanes, hold):
    """Higher lanes first."""
    work = make_lanes(hold.body)
    work.pause()
    operations = [work.submit_nowait(item) for item in ("later1", "now1", "soon1")]

    places = [work._scheduler.position(operation) for operation in operations]

    assert places == [3, 1, 2]
