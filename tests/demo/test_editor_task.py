"""The editor's task by itself."""

import pytest

from demo_site.editor import tasks
from demo_site.editor.tasks import translate
from demo_site.translation import EngineRefused
from ephemeral_tasks import TaskFailed, progress, result, submit
from ephemeral_tasks.testing import arun_task, collect_output
from tests.demo.engines import ToldEngine, failing

TEXT = "# Door\n\nA **red** one.\n\n```sh\nopen door\n```\n\nA [blue](b.html) one.\n"
UPPER = "# DOOR\n\nA **RED** ONE.\n\n```sh\nopen door\n```\n\nA [BLUE](b.html) ONE.\n"

AWAY = "The engine does not answer. Try again in a moment."

pytestmark = pytest.mark.usefixtures("gated_engine")


async def run(text, *target, **options):
    """Return the result of the task, from English."""
    return await arun_task(
        translate, text=text, source="en", target=[*target], **options
    )


async def test_words_change_and_nothing_else():
    """Both texts come back, and how much of the one is in the other."""
    assert await run(TEXT, "es") == {
        "original": TEXT,
        "source": "en",
        "translations": {"es": UPPER},
        "failed": {},
        "total": 3,
        "kept": {"es": 0},
    }


async def test_each_language_gets_a_translation():
    """In the order in which they were asked for."""
    found = await run("The door.", "fr", "es")

    assert [*found["translations"].items()] == [
        ("fr", "THE DOOR. (fr)"),
        ("es", "THE DOOR."),
    ]


async def test_what_the_engine_breaks_is_kept_and_counted():
    """A lost placeholder keeps its paragraph."""
    found = await run("The `red` door.\n\nThe lossy, `blue` door.", "es", "fr")

    assert found["kept"] == {"es": 1, "fr": 1}
    assert found["translations"]["es"] == "THE `red` DOOR.\n\nThe lossy, `blue` door."


async def test_a_language_that_fails_does_not_lose_the_others():
    """It is named, with a sentence for a person and nothing of the engine's words."""
    found = await run("The door, never-fr.", "fr", "es")

    assert found["translations"] == {"es": "THE DOOR, NEVER-FR."}
    assert found["failed"] == {"fr": AWAY}


async def test_without_any_translation_the_task_fails():
    """With the first language's sentence."""
    with pytest.raises(TaskFailed, match=f"^{AWAY}$"):
        await run("The door, never-fr and never-es.", "fr", "es")


async def test_a_text_that_the_engine_refuses_fails(use_engines):
    """Unchanged, it would look like a translation."""
    use_engines(ToldEngine(failing(EngineRefused("400"))))

    with pytest.raises(TaskFailed, match="does not translate this text"):
        await run("One.\n\nTwo.", "es")


async def test_a_pair_that_no_engine_has_is_named():
    """As by the form, which asks earlier; to try again would be in vain."""
    sentence = "There is no translation from English to German."
    with pytest.raises(TaskFailed, match=f"^{sentence}$"):
        await run("One.", "de")


async def test_progress_names_paragraphs_and_where_there_are_several_languages(
    monkeypatch,
):
    """Each language has its share of one bar."""
    said = []

    class Recorder:
        part = progress.part

        def __call__(self, done, total, message):
            said.append((done, total, message))

    monkeypatch.setattr(tasks, "progress", Recorder())

    await run("One.\n\nTwo.", "es")
    assert said == [
        (0, 2, "paragraph 1 of 2"),
        (1, 2, "paragraph 2 of 2"),
        (2, 2, "paragraph 2 of 2"),
    ]
    said.clear()

    await run("One.", "es", "fr")
    assert said == [
        (0, 1, "Spanish, paragraph 1 of 1"),
        (1, 1, "Spanish, paragraph 1 of 1"),
        (0, 1, "French, paragraph 1 of 1"),
        (1, 1, "French, paragraph 1 of 1"),
    ]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_rehearsed_failure_comes_halfway(owner, count):
    """Some paragraphs were translated by then, but for a text of one."""
    text = "\n\n".join(["The door."] * count)
    handle = submit(owner, translate, text, "en", ["es"], rehearse=True)

    written = collect_output(owner, handle.id)

    assert written.count("THE DOOR.") == count // 2
    assert written.count("The door.") == 0


async def test_a_rehearsed_failure_leaves_the_other_languages():
    """It is the last one that fails."""
    found = await run("One.\n\nTwo.", "es", "fr", rehearse=True)

    assert [*found["translations"]] == ["es"]
    assert found["failed"] == {"fr": "As you asked, the engine failed halfway."}


def test_the_output_is_the_translation_as_it_grows(owner):
    """Byte for byte, code and marks included."""
    handle = submit(owner, translate, TEXT, "en", ["es"])

    assert collect_output(owner, handle.id) == UPPER
    assert result(owner, handle.id)["translations"]["es"] == UPPER


def test_several_languages_have_headings_in_the_output(owner):
    """One text after the other."""
    handle = submit(owner, translate, "The door.", "en", ["es", "fr"])

    assert collect_output(owner, handle.id) == (
        "── Spanish ──\n\nTHE DOOR.\n\n── French ──\n\nTHE DOOR. (fr)\n\n"
    )


def test_the_output_says_which_language_failed(owner):
    """In the place of its text."""
    handle = submit(owner, translate, "The door, never-fr.", "en", ["fr", "es"])

    assert collect_output(owner, handle.id).startswith(f"── French ──\n\n{AWAY}\n\n")


@pytest.mark.parametrize(
    ("target", "label"),
    [
        (["es"], "English to Spanish"),
        (["es", "fr"], "English to Spanish and French"),
        (["ca", "es", "fr"], "English to Catalan, Spanish and French"),
    ],
)
def test_its_row_names_the_languages(target, label):
    """As a person would."""
    assert translate.label_for({"source": "en", "target": target}) == label


async def test_a_text_without_words_is_its_own_translation():
    """There is nothing to report either."""
    found = await run("```\nx\n```\n", "es")

    assert found["translations"]["es"] == found["original"]
