"""``manage.py run_task``: a task in a terminal, a cron job, a pipe."""

import io
import json
import sys

import pytest
from django.core.management import CommandError, call_command

from ephemeral_tasks import pool, submission
from ephemeral_tasks.management import progress_display
from ephemeral_tasks.testing import Hold, drain
from tests.management import tasks
from tests.needs import lacks


class Output(io.StringIO):
    """What a command writes to."""

    def __init__(self, *, is_terminal=False):
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self):
        """Whether somebody looks at it."""
        return self._is_terminal


@pytest.fixture(autouse=True)
def fresh_pool():
    """Nothing is left of the test before."""
    pool.reset()
    yield
    assert pool.statistics().owners == 0, "the command left its window"
    pool.reset()


@pytest.fixture
def run():
    """Run the command; what it said, and what it showed meanwhile."""

    def run(*arguments, is_terminal=False, **options):
        out, shown = Output(), Output(is_terminal=is_terminal)
        call_command(
            "run_task",
            *arguments,
            stdout=out,
            stderr=shown,
            skip_checks=True,
            **options,
        )
        return out.getvalue(), shown.getvalue()

    return run


@pytest.fixture
def half():
    """An operation that has reported half of its work; its row, and its end."""
    hold, owner = Hold(), "a" * 32
    handle = submission.submit(owner, tasks.command_half, hold)
    hold.entered()

    def look():
        return submission.row(owner, handle.id)

    def end():
        hold.open()
        drain()

    look.end = end
    yield look
    submission.end_owner(owner)


COUNT = ("command_count", "--json", '{"since": "2026-11-26"}')


# -- what it prints --------------------------------------------------------------------


def test_a_result_is_printed_as_json(run):
    """As a download of it would be; what came through the form has its type."""
    said, _ = run(*COUNT)

    assert json.loads(said) == {"since": "2026-11-26", "last": 1}


def test_a_text_is_printed_as_it_is(run):
    """For the next program of a pipe."""
    said, _ = run("command_text", "--json", '{"text": "a\\nb"}')

    assert said == "a\nb\n"


def test_nothing_is_printed_for_nothing(run):
    """No word for what has no result."""
    assert run("command_nothing")[0] == ""


def test_arguments_may_come_from_standard_input(run, monkeypatch):
    """A long text needs no quotes."""
    monkeypatch.setattr(sys, "stdin", io.StringIO('{"text": "from a pipe"}'))

    assert run("command_text", "--json", "-")[0] == "from a pipe\n"


def test_the_output_of_a_generator_is_printed(run):
    """It is its result."""
    assert run("command_stream", "--json", '{"count": 2}')[0] == "0\n1\n"


def test_a_file_is_printed_as_its_bytes():
    """Into a file or a pipe."""
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, write_through=True)

    call_command(
        "run_task", "command_file", json='{"data": "00ff"}', stdout=out, stderr=Output()
    )

    assert raw.getvalue() == b"\x00\xff"


def test_a_files_bytes_are_not_printed_on_a_terminal(run):
    """They would be no text there."""
    said, _ = run("command_file", "--json", '{"data": "00ff"}')

    assert said == "2 bytes; redirect the output into a file.\n"


def test_without_a_name_the_tasks_are_listed(run):
    """Each with its arguments and its label."""
    said, _ = run()

    lines = said.splitlines()
    assert "command_text(text)  Command text" in lines
    (count,) = (line for line in lines if line.startswith("command_count("))
    assert count.endswith("upto: int = 2)  Count since None")
    assert lines == sorted(lines)


# -- progress --------------------------------------------------------------------------


def test_progress_is_shown_as_lines(run, monkeypatch):
    """In a log, and beside the result, not in it; the end is no share of the work."""
    monkeypatch.setattr(progress_display, "LINE_SECONDS", 0)

    said, shown = run(*COUNT)

    assert "counting" not in said
    assert shown.splitlines()[-1] == "Count since 2026-11-26: Done"


def test_a_line_of_a_running_task_has_its_percent(half):
    """Parts have no unit: without words of the body there are no others."""
    shown = Output()
    lines = progress_display.Lines(shown)

    lines.show(half())
    half.end()
    lines.show(half())

    assert shown.getvalue().splitlines() == [
        "Command half: 50 % Running",
        "Command half: Done",
    ]


def test_a_quiet_command_shows_no_progress(run):
    """For cron, which mails each line."""
    assert run(*COUNT, verbosity=0)[1] == ""


def test_progress_is_a_bar_on_a_terminal(run):
    """Drawn over itself, and gone at the end."""
    if not _has_tqdm():
        lacks("needs tqdm: pip install tqdm")

    _, shown = run(*COUNT, is_terminal=True)

    assert "Count since 2026-11-26: Done" in shown
    assert "\n" not in shown


def test_a_bar_stands_where_the_running_task_is(half):
    """And is gone with its end."""
    if not _has_tqdm():
        lacks("needs tqdm: pip install tqdm")
    shown = Output(is_terminal=True)
    bar = progress_display.make_display(shown)

    bar.show(half())
    assert " 50 %|" in shown.getvalue()
    half.end()
    bar.show(half())
    bar.close()

    _, _, end = shown.getvalue().partition("Command half: Done")
    assert "%" not in end
    assert "50 %|" not in shown.getvalue().rpartition("Running")[2]


def test_without_tqdm_a_terminal_gets_lines(run, monkeypatch):
    """The extra is an extra."""
    monkeypatch.setitem(sys.modules, "tqdm", None)

    _, shown = run(*COUNT, is_terminal=True)

    assert "Count since 2026-11-26" in shown
    assert shown.endswith("\n")


def _has_tqdm():
    try:
        import tqdm  # noqa: F401
    except ImportError:
        return False
    return True


# -- how it ends -----------------------------------------------------------------------


def test_a_failure_is_an_error_with_the_owners_sentence(run):
    """And the reference, by which the log names it."""
    with pytest.raises(CommandError, match=r"no paper \(reference \w{8}\)") as raised:
        run("command_fails", "--json", '{"text": "no paper"}')

    assert raised.value.returncode == 1


def test_a_question_ends_it(run):
    """Nobody can answer, and a cron job would wait for ever."""
    with pytest.raises(CommandError, match=r"nobody can answer: Which one\?"):
        run("command_questions")


def test_ctrl_c_cancels(run):
    """The body ends, and the exit code is that of an interrupted program."""
    hold = Hold()
    with pytest.raises(CommandError, match="Cancelled") as raised:
        _run_with(hold, "command_interrupted", run)

    assert raised.value.returncode == 130
    assert hold.cancels == 1


def test_ctrl_c_waits_for_a_steadfast_task(run):
    """Which no owner may cancel while it runs."""
    hold = Hold()
    hold.open()

    assert _run_with(hold, "command_steadfast", run)[0] == "done\n"


def _run_with(hold, name, run):
    """Run a task with a hold, which no JSON can hold."""
    task = getattr(tasks, name)
    submit = submission.submit
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            submission, "submit", lambda owner, given: submit(owner, task, hold)
        )
        return run(name, "--no-form")


# -- what it refuses -------------------------------------------------------------------


def test_an_unknown_task_lists_the_known(run):
    """So that a slip of the pen is seen."""
    words = r"no task named 'command_tex'; known: .*command_text"
    with pytest.raises(CommandError, match=words):
        run("command_tex")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "--json is not valid JSON: Expecting property name"),
        ("[1]", "--json must be an object of arguments by name, .*, got list"),
        ('"a"', "--json must be an object of arguments by name, .*, got str"),
    ],
)
def test_what_is_no_json_object_is_refused(run, text, words):
    """The error says where and what."""
    with pytest.raises(CommandError, match=words):
        run("command_text", "--json", text)


def test_arguments_that_do_not_fit_are_refused(run):
    """As Python says it."""
    with pytest.raises(CommandError, match=r"command_text: .*'text'"):
        run("command_text")


def test_what_the_form_refuses_is_refused(run):
    """By its fields' names."""
    with pytest.raises(CommandError, match=r"Since: Enter a valid date.*--no-form"):
        run("command_count", "--json", '{"since": "soon"}')


def test_a_form_that_takes_the_request_can_be_passed_by(run):
    """There is no request here."""
    arguments = ("command_asks", "--json", '{"text": "a"}')
    with pytest.raises(CommandError, match=r"over HTTP.*--no-form"):
        run(*arguments)

    assert run(*arguments, "--no-form")[0] == "a\n"


def test_a_full_pool_is_an_error(run, settings):
    """Of the command, not a traceback."""
    settings.EPHEMERAL_TASKS = {"MAX_KEPT_BYTES": 1000}
    pool.reset()

    with pytest.raises(CommandError, match="MAX_KEPT_BYTES"):
        run("command_text", "--json", json.dumps({"text": "x" * 2000}))
