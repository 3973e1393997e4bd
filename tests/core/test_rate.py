"""A rate is kept exactly, however long it lasts."""

import pytest

from ephemeral_tasks.core.rate import Rate


def start_all(rate: Rate, clock, count: int, costs=(1.0,)) -> list[float]:
    """Start operations as early as the rate allows; return the seconds of each."""
    began, starts = clock.monotonic(), []
    for number in range(count):
        clock._now += rate.wait_seconds()
        assert not rate.wait_seconds()
        rate.spend(costs[number % len(costs)])
        starts.append(clock.monotonic() - began)
    return starts


@pytest.mark.parametrize("per_second", [0.1, 3, 7, 1000, 30_000])
@pytest.mark.parametrize("burst", [1, 10])
def test_ten_thousand_starts_are_within_a_hundredth(clock, per_second, burst):
    """Of the time that they are due to take, and so is each second of it."""
    rate = Rate(per_second, burst, clock.monotonic)

    starts = start_all(rate, clock, 10_000)

    assert starts[-1] == pytest.approx((10_000 - burst) / per_second, rel=0.01)
    for first in range(0, 9_000, 1000):
        seconds = starts[first + 1000] - starts[first]
        assert seconds <= 1000 / per_second * 1.01
        assert seconds >= (1000 - burst) / per_second * 0.99


def test_the_last_digits_of_a_time_make_nobody_wait(clock):
    """A timer may come a moment early: it would be set again and again."""
    rate = Rate(3, 1, clock.monotonic)
    rate.spend(1)
    clock._now += rate.wait_seconds() - 5e-7

    assert rate.wait_seconds() == 0.0


def test_weights_add_up(clock):
    """Ninety thousand tokens a minute, in items of different weight."""
    rate = Rate(90_000 / 60, 1, clock.monotonic)

    starts = start_all(rate, clock, 10_000, costs=(100.0, 2000.0, 900.0))

    assert starts[-1] == pytest.approx(10_000 * 1000 / 1500, rel=0.01)


def test_idle_time_saves_up_a_burst_and_no_more(clock):
    """A thousand seconds at ten a second are no ten thousand starts."""
    rate = Rate(10, 5, clock.monotonic)
    start_all(rate, clock, 5)
    clock._now += 1000

    starts = start_all(rate, clock, 6)

    assert starts[:5] == [0] * 5
    assert starts[5] == pytest.approx(0.1, rel=0.001)
