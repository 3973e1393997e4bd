"""The editor's task by itself."""

import pytest

from demo_site.editor import tasks
from demo_site.editor.tasks import translate
from demo_site.translation import EngineBroken, Limits
from ephemeral_tasks import TaskFailed
from ephemeral_tasks.testing import arun_task
from tests.demo.engines import ToldEngine

TEXT = "# Door\n\nA **red** one.\n\n```sh\nopen door\n```\n\nA [blue](b.html) one.\n"


@pytest.fixture
def engine(use_engines):
    """Puts an engine in the place of the process's own."""

    def engine(answer=str.upper):
        made = ToldEngine(answer, limits=Limits(texts=1))
        use_engines(made, patience_seconds=0.01)
        return made

    return engine


async def test_words_change_and_nothing_else(engine):
    """Both texts come back, and how much of the one is in the other."""
    engine()

    result = await arun_task(translate, text=TEXT, source="en", target="es")

    assert result == {
        "original": TEXT,
        "translation": "# DOOR\n\nA **RED** ONE.\n\n"
        "```sh\nopen door\n```\n\nA [BLUE](b.html) ONE.\n",
        "source": "en",
        "target": "es",
        "total": 3,
        "kept": 0,
    }


async def test_what_the_engine_breaks_is_kept_and_counted(engine):
    """A lost placeholder keeps its paragraph."""
    engine(lambda text: text.replace("⟦", "").upper())

    result = await arun_task(translate, text=TEXT, source="en", target="es")

    assert result["kept"] == 2
    assert "A **red** one." in result["translation"]
    assert "# DOOR" in result["translation"]


async def test_progress_counts_paragraphs(engine, monkeypatch):
    """Each is announced before it is translated."""
    engine()
    said = []
    monkeypatch.setattr(tasks, "progress", lambda *args: said.append(args))

    await arun_task(translate, text=TEXT, source="en", target="es")

    assert said == [(n, 3, f"paragraph {min(n + 1, 3)} of 3") for n in range(4)]


async def test_a_failing_engine_is_a_sentence_for_a_person(engine):
    """Of the engine's own words nothing comes through."""

    def fail(text):
        raise EngineBroken("pipe 7 ended")

    engine(fail)

    with pytest.raises(TaskFailed, match=r"^The engine does not answer\. Try again"):
        await arun_task(translate, text=TEXT, source="en", target="es")


@pytest.mark.parametrize("count", [1, 2, 5])
async def test_a_rehearsed_failure_comes_halfway(engine, count):
    """Whatever the text's length."""
    engine()
    text = "\n\n".join(["The door."] * count)

    with pytest.raises(TaskFailed, match="As you asked"):
        await arun_task(translate, text=text, source="en", target="es", rehearse=True)


async def test_a_text_without_words_is_its_own_translation(engine):
    """Nothing is asked of the engine."""
    asked = engine().asked

    result = await arun_task(translate, text="```\nx\n```\n", source="en", target="es")

    assert result["translation"] == result["original"]
    assert not asked
