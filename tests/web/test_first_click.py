"""What is remembered of first clicks: little, and not for long."""

import pytest

from ephemeral_tasks import pool
from ephemeral_tasks.core.testing import ManualClock
from ephemeral_tasks.web import first_click
from ephemeral_tasks.web.first_click import FirstClicks

pytestmark = pytest.mark.urls("tests.web.urls")

START = "/tasks/start/web_echo/"
ECHO = {"text": "hello", "language": "es"}


def owner_for(clicks, form_key, cookie):
    """Return the owner of a click on a form in a browser."""
    return clicks.owner_of(first_click._digest(form_key, cookie))


@pytest.fixture
def clicks(clock):
    """First clicks whose time is moved by the test."""
    return FirstClicks(clock)


async def test_one_form_in_one_browser_gets_one_owner(clicks):
    """Key and cookie together, within ten seconds."""
    first = owner_for(clicks, "key", "cookie")

    assert owner_for(clicks, "key", "cookie") == first
    assert owner_for(clicks, "key", "other") != first
    assert owner_for(clicks, "other", "cookie") != first
    assert owner_for(clicks, "keyc", "ookie") != first


async def test_they_expire_without_another_visitor(clicks, clock: ManualClock):
    """A timer drops them."""
    owner_for(clicks, "a", "cookie")
    await clock.advance(4)
    owner_for(clicks, "b", "cookie")

    await clock.advance(first_click.SECONDS - 4)
    assert len(clicks) == 1
    await clock.advance(first_click.SECONDS)

    assert len(clicks) == 0


async def test_the_timer_starts_again_after_a_pause(clicks, clock: ManualClock):
    """A visitor who comes after all were dropped is dropped as well."""
    owner_for(clicks, "a", "cookie")
    await clock.advance(3 * first_click.SECONDS)
    owner_for(clicks, "b", "cookie")
    assert len(clicks) == 1

    await clock.advance(3 * first_click.SECONDS)

    assert len(clicks) == 0


async def test_many_visitors_are_one_timer(clicks, clock: ManualClock):
    """A timer is a thread."""
    for number in range(20):
        owner_for(clicks, str(number), "cookie")

    assert len(clock._timers) == 1


async def test_their_number_is_bounded(clicks):
    """The oldest goes first."""
    first = owner_for(clicks, "0", "cookie")
    for number in range(first_click.SIZE):
        newest = owner_for(clicks, str(number + 1), "cookie")

    assert len(clicks) == first_click.SIZE
    assert owner_for(clicks, str(first_click.SIZE), "cookie") == newest
    assert owner_for(clicks, "0", "cookie") != first


async def test_a_timer_of_the_system_needs_no_loop():
    """Under WSGI the request's loop has ended before."""
    clicks = FirstClicks(_FastClock())

    owner_for(clicks, "a", "cookie")
    clicks._clock.timer.join(10)

    assert len(clicks) == 0


async def test_a_fork_starts_anew(clicks):
    """It has no timer, and the lock may be held by a thread that is gone."""
    owner_for(clicks, "a", "cookie")
    clicks._lock.acquire()

    clicks.forget_all()

    assert len(clicks) == 0
    assert owner_for(clicks, "a", "cookie")


@pytest.mark.parametrize("length", [65, 1000, 2**19])
async def test_a_long_key_is_no_key(visitor, length):
    """Longer than any that a form of ours carries: each click is an operation."""
    data = {**ECHO, "key": "k" * length}

    first = await visitor.post(START, data)
    second = await visitor.post(START, data)

    assert second.json()["id"] != first.json()["id"]


@pytest.mark.parametrize("how", ["post", "post_json"])
async def test_no_key_is_kept(visitor, how):
    """Not in the operation, and not among the first clicks: a digest is."""
    await visitor.get_page("/")
    key = "K3y-" * 16

    row = (await getattr(visitor, how)(START, {**ECHO, "key": key})).json()
    await visitor.until_status("SUCCESSFUL")

    kept = pool.current().ledger.memory.get(row["id"]).form_key
    assert key not in repr(kept)
    assert len(kept) <= 64
    assert key not in repr(first_click.first_clicks._given)


async def test_a_forms_key_does_not_bring_back_an_owner_that_ended(visitor):
    """After logout the same form in the same browser is somebody else's."""
    await visitor.get_page("/")
    data = {**ECHO, "key": "k"}
    await visitor.post(START, data)
    first = await visitor.owner()
    await visitor.get("/logout/")

    await visitor.post(START, data)

    assert await visitor.owner() not in {None, first}


class _FastClock(first_click.ThreadClock):
    """Time jumps, timers are due at once."""

    now = 0.0

    def time(self):
        """Ten seconds later than before."""
        self.now += first_click.SECONDS
        return self.now

    def call_later(self, delay, callback, *args):
        """Start a real timer."""
        self.timer = super().call_later(0, callback, *args)
        return self.timer
