"""Handle and operation → row: what an owner sees."""

import json
import pickle
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.utils import translation
from django.utils.functional import lazy
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy

from ephemeral_tasks import aask, pool, progress, submit, window
from ephemeral_tasks.core import Progress, Status
from ephemeral_tasks.core.values import Share
from ephemeral_tasks.pool.operation import PoolOperation
from ephemeral_tasks.pool.pool import Pool
from ephemeral_tasks.pool.questions import Ending
from ephemeral_tasks.projection import list_actions
from ephemeral_tasks.row import Row
from ephemeral_tasks.submission import cancel, row
from ephemeral_tasks.testing import drain
from tests.app import tasks
from tests.app.conftest import settle

KEYS = [
    *("id", "task", "label", "shown", "status", "is_finished", "is_cancelling"),
    *("submitted_at", "started_at", "finished_at", "expires_at", "elapsed_seconds"),
    *("attempt", "max_attempts", "progress", "position", "eta_seconds"),
    *("output_size", "question", "error", "actions"),
]
"""design.md section 5, in its order."""


def make_row(**fields):
    """Return a row with these fields and others that say nothing."""
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    values = {
        "id": "0" * 32,
        "task": "translate",
        "label": "Translate",
        "shown": {},
        "status": Status.RUNNING,
        "is_finished": False,
        "is_cancelling": False,
        "cancelled_at": None,
        "is_plain": False,
        "submitted_at": now,
        "started_at": now,
        "finished_at": None,
        "expires_at": now,
        "kept_until": None,
        "elapsed_seconds": 1.0,
        "attempt": 1,
        "max_attempts": 1,
        "progress": None,
        "position": None,
        "eta_seconds": None,
        "shown_eta_seconds": None,
        "error": None,
        "actions": (),
    }
    return Row(**{**values, **fields})


def test_a_row_in_json_has_exactly_the_documented_keys(owner):
    """Other people's code is written against them."""
    submit(owner, tasks.app_labelled, "secret", language="fr")
    drain()
    (seen,) = window(owner)

    assert list(seen.as_json()) == KEYS
    assert "secret" not in json.dumps(seen.as_json())


def test_a_waiting_row(settings, task_clock, owner, make_owner, hold):
    """It has not started, and it knows its place."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 1}
    submit(make_owner(), tasks.app_held, hold)
    hold.entered()
    submit(owner, tasks.app_labelled, "text", language="fr")
    settle()
    task_clock.advance(5)

    shown = window(owner)[0].as_json()

    assert shown["status"] == "READY"
    assert shown["label"] == "Translate to fr"
    assert shown["shown"] == {"language": "fr"}
    assert shown["position"] == 1
    assert shown["attempt"] == 0
    assert shown["elapsed_seconds"] == 0
    assert shown["started_at"] is shown["finished_at"] is None
    assert shown["actions"] == ["cancel"]


def test_a_running_row(task_clock, owner, hold):
    """Elapsed from the start to now."""
    handle = submit(owner, tasks.app_held, hold)
    hold.entered()
    task_clock.advance(5)

    seen = row(owner, handle.id)

    assert (seen.status, seen.elapsed_seconds) == (Status.RUNNING, 5)
    assert seen.started_at == seen.submitted_at
    assert seen.actions == ("cancel",)
    assert seen.position is None


def test_a_successful_row(task_clock, owner, hold):
    """Elapsed stands still from the end on."""
    handle = submit(owner, tasks.app_held, hold)
    hold.entered()
    task_clock.advance(5)
    hold.open()
    drain()
    task_clock.advance(60)

    seen = row(owner, handle.id)

    assert (seen.status, seen.elapsed_seconds) == (Status.SUCCESSFUL, 5)
    assert (seen.finished_at - seen.started_at).total_seconds() == 5
    assert seen.is_finished
    assert seen.actions == ("result", "dismiss")
    assert seen.error is None


def test_a_failed_row(owner):
    """The sentence and the reference, and what may be done."""
    handle = submit(owner, tasks.app_fails, "secret")
    drain()

    shown = row(owner, handle.id).as_json()

    assert shown["status"] == "FAILED"
    assert shown["error"] == {
        "message": "The task failed.",
        "reference": handle.id[:8],
    }
    assert shown["actions"] == ["retry", "dismiss"]


def test_elapsed_counts_from_the_first_attempt(task_clock, owner):
    """`started_at` is the first one's, pauses count."""

    async def fail():
        raise ValueError

    handle = submit(owner, tasks.app_retried, fail)
    settle()
    task_clock.advance(30)
    drain()

    seen = row(owner, handle.id)
    assert seen.started_at == seen.submitted_at
    assert (seen.attempt, seen.max_attempts, seen.elapsed_seconds) == (3, 3, 30)


def test_instants_are_iso_8601_in_utc():
    """Whatever the site's time zone."""
    assert make_row().as_json()["submitted_at"] == "2026-01-02T03:04:05+00:00"


def test_an_unchanged_row_compares_equal(task_clock, owner, hold):
    """Time that passes is no change."""
    handle = submit(owner, tasks.app_held, hold)
    hold.entered()
    first = row(owner, handle.id)
    task_clock.advance(5)

    assert row(owner, handle.id) == first
    cancel(owner, handle.id)
    drain()
    assert row(owner, handle.id) != first


def test_between_two_attempts_no_place_in_a_queue_is_named():
    """It waits for its time and not for others; the attempt that comes is counted."""
    seen = make_row(status=Status.READY, attempt=1, max_attempts=4)

    assert seen.status_text == "Trying again soon"
    assert seen.next_attempt == 2


@pytest.mark.parametrize(
    ("status", "word", "german"),
    [
        (Status.READY, "Waiting", "Wartet"),
        (Status.RUNNING, "Running", "Läuft"),
        (Status.SUCCESSFUL, "Done", "Fertig"),
        (Status.FAILED, "Failed", "Fehlgeschlagen"),
        (Status.CANCELLED, "Cancelled", "Abgebrochen"),
    ],
)
def test_a_status_is_a_word_of_the_readers_language(status, word, german):
    """English is what the code says."""
    seen = make_row(status=status, attempt=0)

    assert seen.status_text == word
    assert seen.css_state == status.value.lower()
    with translation.override("de"):
        assert seen.status_text == german


def test_what_is_being_cancelled_is_stopping():
    """Until the body has ended."""
    seen = make_row(is_cancelling=True)

    assert seen.status_text == "Stopping…"
    assert seen.css_state == "cancelling"


@pytest.mark.parametrize(
    ("given", "percent", "text"),
    [
        (None, None, ""),
        (Progress(3), None, "3"),
        (Progress(3, 12), 25, "3 of 12"),
        (Progress(3, 12, "paragraph 3"), 25, "paragraph 3"),
        (Progress(0, 12), 0, "0 of 12"),
        (Progress(12, 12), 100, "12 of 12"),
        (Progress(13, 12), 100, "13 of 12"),
        (Progress(-1, 12), 0, "-1 of 12"),
        (Progress(3, 0), None, "3 of 0"),
        (Progress(0.5, 1), 50, "0.5 of 1"),
        (Progress(0.1 + 0.2, 1), 30, "0.3 of 1"),
        (Progress(1 / 3, 2 / 3), 50, "0.33 of 0.67"),
        (Progress(1234.0625), None, "1234.06"),
        (Progress(float("nan"), 1), 0, "nan of 1"),
        (Progress(2.0, 3), 67, "2 of 3"),
        (Progress(-0.001, 1.0), 0, "0 of 1"),
        (Share(16.67, 100), 17, ""),
        (Share(16.67, 100, "Parsing"), 17, "Parsing"),
    ],
)
def test_progress_in_words_and_percent(given, percent, text):
    """Its message, else the counts in the body's unit; parts of a whole have none."""
    seen = make_row(progress=given)

    assert (seen.percent, seen.progress_text) == (percent, text)


def test_a_row_of_parts_has_no_counts(owner, hold):
    """Nor where it came from another process; JSON has the whole's hundred."""

    async def body():
        with progress.part(0.5):
            await hold.stop()

    handle = submit(owner, tasks.app_call, body)
    hold.entered()

    for seen in (
        row(owner, handle.id),
        pickle.loads(pickle.dumps(row(owner, handle.id))),
    ):
        assert (seen.percent, seen.progress_text) == (0, "")
        assert seen.as_json()["progress"] == {"done": 0, "total": 100, "message": ""}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ((1, 2, "page"), (1, 2, "page")),
        ((True, 2.5, "x"), (1, 2.5, "x")),
        ((Decimal("1.5"), Fraction(3, 2), "x"), (1.5, 1.5, "x")),
        ((1, 2, gettext_lazy("Running")), (1, 2, "Running")),
        ((1, 2, b"raw"), (1, 2, "b'raw'")),
        ((1, 2, ValueError("no")), (1, 2, "no")),
        ((1, 2, mark_safe("<b>")), (1, 2, "<b>")),
        ((1, 2, "\ud800"), (1, 2, "?")),
        ((1, 2, "x" * 501), (1, 2, "x" * 499 + "…")),
    ],
)
def test_progress_is_kept_as_plain_bounded_values(owner, hold, given, kept):
    """JSON, HTML and UTF-8 can express them, whatever the body reported."""

    async def body():
        progress(*given)
        await hold.stop()

    handle = submit(owner, tasks.app_call, body)
    hold.entered()

    seen = row(owner, handle.id)
    assert seen.progress == kept
    assert [type(value) for value in seen.progress] == [type(value) for value in kept]
    assert type(seen.progress_text) is str
    json.dumps(seen.as_json()["progress"], allow_nan=False)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("in words", "in words"),
        (gettext_lazy("Running"), "Running"),
        (mark_safe("<b>"), "<b>"),
        (lazy(lambda: mark_safe("<b>"), str)(), "<b>"),
        ("\ud800", "?"),
        ("x" * 501, "x" * 499 + "…"),
        (b"raw", "b'raw'"),
    ],
)
def test_a_sentence_is_a_plain_bounded_text(owner, given, kept):
    """A template escapes it, whatever the body made it of."""
    handle = submit(owner, tasks.app_fails_politely, given)
    drain()

    sentence = row(owner, handle.id).error.message
    assert (type(sentence), sentence) == (str, kept)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (("three",), TypeError, "done must be a number, got str"),
        ((1, []), TypeError, "total must be a number, got list"),
        ((1j,), TypeError, "done must be a number, got complex"),
        ((float("nan"),), ValueError, "done must be a finite number, got nan"),
        ((1, float("inf")), ValueError, "total must be a finite number, got inf"),
        ((10**5000,), ValueError, "done must be a finite number, got inf"),
    ],
)
def test_progress_that_is_no_finite_number_raises_in_the_body(
    owner, given, error, message
):
    """Where its author can read it; the row shows none."""
    raised = []

    async def body():
        with pytest.raises(error) as info:
            progress(*given)
        raised.append(str(info.value))

    handle = submit(owner, tasks.app_call, body)
    drain()

    assert raised == [message]
    assert row(owner, handle.id).progress is None


@pytest.mark.parametrize(
    ("status", "is_cancelling", "is_cancellable", "allowed"),
    [
        (Status.READY, False, True, ("cancel",)),
        (Status.READY, False, False, ("cancel",)),
        (Status.RUNNING, False, True, ("cancel",)),
        (Status.RUNNING, False, False, ()),
        (Status.RUNNING, True, True, ()),
        (Status.SUCCESSFUL, False, True, ("result", "dismiss")),
        (Status.FAILED, False, True, ("retry", "dismiss")),
        (Status.CANCELLED, False, True, ("retry", "dismiss")),
    ],
)
def test_what_an_owner_may_do(status, is_cancelling, is_cancellable, allowed):
    """The names of the verbs, as rows and JSON list them."""
    found = list_actions(
        status, is_cancelling=is_cancelling, is_cancellable=is_cancellable
    )

    assert found == allowed


@pytest.mark.parametrize(
    ("age", "passed", "is_near"),
    [
        (6 * 3600, 5 * 3600 - 1, False),
        (6 * 3600, 5 * 3600, True),
        (600, 499, False),
        (600, 500, True),
        (8 * 3600, 7 * 3600 - 1, False),
    ],
)
def test_the_end_of_its_age_is_shown_when_it_is_near(
    settings, task_clock, owner, age, passed, is_near
):
    """In its last sixth, at most its last hour; to the second of its submission."""
    settings.EPHEMERAL_TASKS = {"MAX_AGE_SECONDS": age, "IDLE_SECONDS": age}
    handle = submit(owner, tasks.app_echo, 1)
    drain()
    for _ in range(10):  # the pool's own timers are many in so long a time
        task_clock.advance(passed / 10)

    seen = row(owner, handle.id)

    end = seen.submitted_at + timedelta(seconds=age)
    assert seen.kept_until == (end if is_near else None)


def test_no_end_is_shown_that_idleness_may_precede(settings, task_clock, owner):
    """Nobody can promise it."""
    settings.EPHEMERAL_TASKS = {"MAX_AGE_SECONDS": 3600, "IDLE_SECONDS": 60}
    handle = submit(owner, tasks.app_echo, 1)
    drain()
    for _ in range(59):
        task_clock.advance(59.9)
        seen = row(owner, handle.id)

    assert (seen.expires_at - seen.submitted_at).total_seconds() < 3600
    assert seen.kept_until is None


def test_a_cancelled_plain_body_says_when_and_what_it_waits_for(
    task_clock, owner, hold
):
    """When it was asked, and how much later it ended."""
    handle = submit(owner, tasks.app_plain_held, hold)
    hold.entered()
    task_clock.advance(5)
    cancel(owner, handle.id)
    task_clock.advance(7)
    cancel(owner, handle.id)

    asked = row(owner, handle.id)
    hold.open()
    drain()
    ended = row(owner, handle.id)

    assert (asked.cancelled_at - asked.submitted_at).total_seconds() == 5
    assert asked.is_plain
    assert asked.stopping_seconds is None
    assert (ended.status, ended.stopping_seconds) == (Status.CANCELLED, 7)


def test_a_row_is_of_one_instant(owner, monkeypatch):
    """Its operation is answered and ends while the row is made."""

    async def body():
        await aask("Well?", choices=["a"])

    ledger = pool.get().ledger
    handle = submit(owner, tasks.app_call, body)
    operation = ledger.memory.get(handle.id)
    while operation.question is None:
        settle()
    facts = PoolOperation.facts

    def end_first(self):
        change = ledger.end_question(self, self.question, Ending.ANSWERED, "a")[1]
        pool.get().follow(change)
        drain()
        return facts(self)

    monkeypatch.setattr(PoolOperation, "facts", end_first)
    seen = row(owner, handle.id)

    assert seen.status is Status.SUCCESSFUL
    assert seen.question is None
    assert seen.actions == ("result", "dismiss")


def test_what_has_ended_meanwhile_has_no_time_left(owner, hold, monkeypatch):
    """The estimate was made before the row."""
    handle = submit(owner, tasks.app_held, hold)
    hold.entered()
    facts = PoolOperation.facts

    def end_first(self):
        hold.open()
        drain()
        return facts(self)

    monkeypatch.setattr(PoolOperation, "facts", end_first)
    monkeypatch.setattr(Pool, "estimate", lambda *args: 5.0)
    seen = row(owner, handle.id)

    assert (seen.status, seen.eta_seconds) == (Status.SUCCESSFUL, None)
    assert seen.shown_eta_seconds is None


def test_what_never_ran_was_not_stopped(settings, owner, make_owner, hold):
    """It is CANCELLED at once."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 1}
    submit(make_owner(), tasks.app_held, hold)
    handle = submit(owner, tasks.app_echo, 1)
    cancel(owner, handle.id)

    seen = row(owner, handle.id)

    assert seen.status is Status.CANCELLED
    assert (seen.cancelled_at, seen.stopping_seconds) == (None, None)
