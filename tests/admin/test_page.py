"""What the operators' page shows, and what it never shows."""

import json
import re

import pytest

from ephemeral_tasks import (
    TaskFailed,
    aask,
    dismiss,
    operators,
    pool,
    progress,
    submit,
    task,
    write,
)
from ephemeral_tasks.errors import Unreachable
from ephemeral_tasks.testing import drain
from tests.admin.conftest import PAGE
from tests.app import tasks

MARKER = "marker-of-content"


@task(label=f"Label {MARKER}", shown=("text",))
async def page_marked(hold, text):
    """Report, write, and wait at the hold."""
    progress(1, 2, text)
    write(text)
    await hold.stop()
    return text


@task(label=f"Label {MARKER}")
async def page_asks(text):
    """Ask the owner."""
    await aask(text, choices=(text, "no"))


@task(label=f"Label {MARKER}")
async def page_fails(text):
    """Fail with a sentence."""
    raise TaskFailed(text)


def section(answer, state):
    """The text of a listing, without markup."""
    content = answer.content.decode()
    found = re.search(
        rf'aria-labelledby="operators-{state}">(.*?)</section>', content, re.DOTALL
    )
    return " ".join(re.sub(r"<[^>]*>", " ", found[1]).split())


def wait_until(is_so):
    """Return once it is so."""
    while not is_so():
        pool.get().loop.call(lambda: None)


@pytest.fixture
def in_every_state(settings, make_hold, owner):
    """Operations with the marker: running, waiting, asking, ended in each way."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 1, "WINDOW_SIZE": 10}
    hold = make_hold()
    submit(owner, page_fails, MARKER)
    submit(owner, tasks.app_echo, MARKER)
    drain()
    asking = submit(owner, page_asks, MARKER).id
    wait_until(lambda: pool.statistics().asking)
    running = submit(owner, page_marked, hold, MARKER).id
    hold.entered()
    submit(owner, page_marked, hold, MARKER)
    yield running
    operators.cancel_operation(asking)


def test_nothing_on_any_page_is_content(operator, in_every_state, owner):
    """No label, shown value, message, question, output, result, argument or owner."""
    paths = ["", "data/", "pause/", "resume/", "resize/"]
    paths += [f"cancel/{in_every_state}/", "cancel-task/page_marked/"]
    paths += ["?task=page_marked", "?state=failed"]
    found = [operator.get(PAGE + path).content.decode() for path in paths]
    found.append(operator.get(PAGE, headers={"HX-Request": "true"}).content.decode())
    found.append(operator.post(f"{PAGE}pause/", follow=True).content.decode())

    everything = "".join(found)

    assert "page_marked" in everything
    assert MARKER not in everything
    assert owner not in everything


def test_each_state_has_its_table(operator, in_every_state):
    """By reference, task, state, age and attempt."""
    answer = operator.get(PAGE)

    reference = in_every_state[:8]
    pattern = rf"{reference} page_marked Running [\d.]+ s [\d.]+ s 1 of 1 Cancel"
    assert re.search(pattern, section(answer, "running"))
    assert re.search(r"page_marked Waiting [\d.]+ s Cancel", section(answer, "waiting"))
    assert "page_asks Asking" in section(answer, "asking")
    finished = section(answer, "finished")
    assert re.search(r"app_echo Done [\d.]+ s ago", finished)
    assert re.search(r"page_fails Failed [\d.]+ s ago", finished)
    assert "Finished since the start: 2." in finished


def test_a_number_stays_in_front_of_its_words_from_right_to_left(
    operator, in_every_state
):
    """Where the page's language is written so and the words are not translated."""
    content = operator.get(PAGE).content.decode()

    assert "<bdi>15 s</bdi></a>" in content
    assert "<dd><bdi>1 of 1</bdi></dd>" in content
    assert "<td><bdi>1 of 1</bdi></td>" in content
    assert re.search(r"<td><bdi>[\d.]+ s</bdi></td>", content)
    assert re.search(r"<td><bdi>[\d.]+ s ago</bdi></td>", content)


def test_an_empty_table_says_whether_the_filter_hides_something(
    operator, in_every_state
):
    """Or whether there is nothing."""
    filtered = operator.get(f"{PAGE}?task=page_asks")
    other = operator.get(f"{PAGE}?state=running")

    assert "The filter hides 1 operation." in section(filtered, "running")
    assert "The filter hides 2 operations." in section(filtered, "finished")
    assert "page_asks Asking" in section(filtered, "asking")
    assert "page_marked Running" in section(other, "running")
    assert "The filter hides 1 operation." in section(other, "waiting")


def test_an_empty_table_says_that_there_is_nothing(operator):
    """With a filter, too."""
    answer = operator.get(f"{PAGE}?task=page_asks")

    assert section(answer, "running") == "Running Nothing runs."
    assert section(answer, "waiting") == "Waiting Nothing waits."
    assert section(answer, "asking") == "Asking Nothing asks."
    assert section(answer, "finished") == "Finished lately Nothing has finished."


@pytest.mark.parametrize("query", ["", "?state=failed", "?task=app_echo"])
def test_an_empty_table_says_that_nothing_is_kept(operator, owner, query):
    """The filter hides no operation that its owner has removed."""
    id = submit(owner, tasks.app_echo, 1).id
    drain()
    dismiss(owner, id)

    answer = operator.get(PAGE + query)

    assert section(answer, "finished") == (
        "Finished lately None is kept any more. Finished since the start: 1."
    )


def test_the_filter_hides_those_that_are_kept(operator, owner):
    """Not all that have finished since the start."""
    ids = [submit(owner, tasks.app_echo, number).id for number in range(3)]
    drain()
    dismiss(owner, ids[0])

    answer = operator.get(f"{PAGE}?state=failed")

    assert "The filter hides 2 operations." in section(answer, "finished")


def test_the_filter_is_in_the_url_and_in_the_form(operator):
    """Also a task that is not declared any more."""
    answer = operator.get(f"{PAGE}?task=gone&state=failed")

    content = answer.content.decode()
    assert '<option value="gone" selected>' in content
    assert '<option value="failed" selected>' in content
    assert f'hx-get="{PAGE}?task=gone&amp;state=failed"' in content


@pytest.mark.parametrize("query", ["?state=none", "?refresh=3", "?task=" + "x" * 201])
def test_what_is_invalid_in_the_url_filters_nothing(operator, query):
    """The page is shown as if it was not there."""
    answer = operator.get(PAGE + query)

    assert answer.status_code == 200
    assert f'hx-get="{PAGE}" hx-trigger="every 5s' in answer.content.decode()


def test_looking_starts_no_pool(operator):
    """The page says that nothing was submitted."""
    answer = operator.get(PAGE)

    assert b"Nothing was submitted to this process yet." in answer.content
    assert operator.get(f"{PAGE}data/").json()["statistics"] is None
    assert pool.current() is None


def test_htmx_gets_the_live_part_alone(operator):
    """Marked as ours, so that a login page is never taken for it."""
    answer = operator.get(PAGE, headers={"HX-Request": "true"})

    assert answer.content.decode().strip().startswith('<div id="operators-live"')
    assert answer.headers["Ephemeral-Tasks"] == "fragment"
    assert "HX-Request" in answer.headers["Vary"]
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("seconds", "trigger"), [("2", "every 2s"), ("15", "every 15s"), ("0", None)]
)
def test_the_chosen_refresh_is_remembered(operator, seconds, trigger):
    """In a cookie for the page alone; off means no request at all."""
    operator.get(f"{PAGE}?refresh={seconds}")

    content = operator.get(PAGE).content.decode()

    assert (f'hx-trigger="{trigger},' in content) is (trigger is not None)
    assert ("hx-get" in content) is (trigger is not None)
    morsel = operator.cookies["ephemeral_tasks_refresh"]
    assert (morsel["path"], morsel["httponly"]) == (PAGE, True)


def test_a_cookie_that_is_none_of_ours_is_ignored(operator):
    """As if there was none."""
    operator.cookies["ephemeral_tasks_refresh"] = "<b>"

    assert b'hx-trigger="every 5s' in operator.get(PAGE).content


def test_programs_get_the_same_as_json(operator, in_every_state):
    """The figures, the samples, the operations, the processes, what is wrong."""
    found = operator.get(f"{PAGE}data/?task=page_marked").json()

    assert found["statistics"]["asking"] == 1
    lines = {one["state"]: one["lines"] for one in found["listings"]}
    assert [line["id"] for line in lines["running"]] == [in_every_state]
    assert lines["finished"] == []
    assert [one["is_asked"] for one in found["processes"]].count(True) == 1
    assert "no_asgi" in [one["code"] for one in found["warnings"]]
    assert json.dumps(found)


def test_figures_and_charts_are_readable_without_script(operator, task_clock, owner):
    """The chart is a picture, its caption says the same, and a table says it all."""
    submit(owner, tasks.app_echo, 1)
    drain()
    task_clock.advance(5)

    content = operator.get(PAGE).content.decode()

    assert "<strong>Started</strong> 1 in 15 minutes, at most 1 in 5 seconds" in content
    assert 'role="img" aria-labelledby="operators-chart-started"' in content
    assert '<path d="M179 40v-40h1v40z"/>' in content
    assert '<th scope="row">1</th><td>1</td><td>1</td><td>0</td>' in content
    assert "style=" not in content.replace("stylesheet", "")


def test_names_are_escaped(operator):
    """Of a task in the URL, above all."""
    answer = operator.get(PAGE, {"task": '"><script>x</script>'})

    assert b"<script>x" not in answer.content


@pytest.mark.parametrize("path", ["", "data/", "resize/", "cancel/x/"])
def test_a_host_that_does_not_answer_is_a_503(operator, monkeypatch, path):
    """With a sentence, and the time after which it may answer."""

    def fail(*args, **kwargs):
        raise Unreachable

    monkeypatch.setattr(operators, "overview", fail)
    monkeypatch.setattr(operators, "cancel_operation", fail)

    method = operator.post if path.startswith("cancel") else operator.get
    answer = method(PAGE + path)

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert b"The server does not answer." in answer.content
    if path == "data/":
        assert answer.json()["error"]["code"] == "unreachable"
