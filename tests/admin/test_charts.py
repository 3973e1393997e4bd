"""Samples as bars and words."""

import re

from ephemeral_tasks.pool.samples import KEPT_SAMPLES, Sample
from ephemeral_tasks.web.operators_charts import draw_bars, list_minutes, make_charts


def sample(**values):
    """A sample in which nothing else happened."""
    nothing = dict.fromkeys(
        (
            "started",
            "successful",
            "failed",
            "cancelled",
            "running",
            "waiting",
            "asking",
        ),
        0,
    )
    base = {**nothing, "refused_by_reason": {}, "longest_wait_seconds": 0.0}
    return Sample(**{**base, **values})


def test_the_newest_bar_is_at_the_right():
    """Of few samples, too; each is as high as its share of the highest."""
    assert draw_bars([1, 0, 2]) == "M177 40v-20h1v20zM179 40v-40h1v40z"


def test_a_small_value_can_be_seen():
    """It is one unit high."""
    assert draw_bars([1, 1000]).startswith("M178 40v-1h1v1z")


def test_no_bar_leaves_the_picture():
    """With all the samples that are kept."""
    path = draw_bars([1] * KEPT_SAMPLES)

    lefts = [int(left) for left in re.findall(r"M(\d+) ", path)]
    assert (min(lefts), max(lefts)) == (0, 179)


def test_nothing_has_no_bars():
    """Without samples, and with none but zeros."""
    assert draw_bars([]) == draw_bars([0, 0]) == ""
    assert [chart.path for chart in make_charts([])] == [""] * 5


def test_words_say_what_the_bars_show():
    """The sum and the peak; of waits the longest and the last."""
    samples = [
        sample(started=3, refused_by_reason={"MAX_WAITING": 2, "MAX_OWNERS": 1}),
        sample(failed=1, cancelled=1, longest_wait_seconds=65),
        sample(),
    ]

    words = {chart.name: chart.words for chart in make_charts(samples)}

    assert words["started"] == "3 in 15 minutes, at most 3 in 5 seconds"
    assert words["ended"] == "2 in 15 minutes, at most 2 in 5 seconds"
    assert words["failed"] == "1 in 15 minutes, at most 1 in 5 seconds"
    assert words["refused"] == "3 in 15 minutes, at most 3 in 5 seconds"
    assert words["waits"] == "1 min 5 s in 15 minutes, none in the last 5 seconds"


def test_minutes_are_sums_of_twelve_samples():
    """The newest first; the oldest may be shorter."""
    samples = [sample(started=1, longest_wait_seconds=float(n)) for n in range(14)]

    minutes = list_minutes(samples)

    assert [(one.ago, one.values[0]) for one in minutes] == [(1, "12"), (2, "2")]
    assert [one.values[-1] for one in minutes] == ["13 s", "1.0 s"]
