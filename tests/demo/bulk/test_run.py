"""How many documents are translated at once, and what ends them."""

import asyncio
import os
import signal
import subprocess
import sys

import pytest

from demo_site.bulk.outcomes import Ending
from demo_site.bulk.plan import make_plan
from demo_site.bulk.record import NAME, Record
from demo_site.bulk.run import Options, Run
from demo_site.translation import Limits, Splice, translate_document
from ephemeral_tasks.core.testing import Hold
from tests.demo.bulk.conftest import listed, translate, write
from tests.demo.conftest import needs_pairs
from tests.layers import ROOT


@pytest.fixture
def make_run(folder):
    """Return what makes a run over a folder, whose translations stop at a hold."""

    def make_run(hold, **options):
        async def held(text, source, target, **kwargs):
            await hold.body(target)
            return Splice(text=text.upper(), kept=0, total=1)

        asked = Options(
            folder=folder,
            out=folder,
            source="en",
            engines=(),
            **({"limit": 2} | options),
        )
        return Run(
            options=asked,
            plan=make_plan(folder, folder, ["es", "fr"]),
            record=Record.load(folder),
            translate=held,
            is_available=lambda source, target: True,
        )

    return make_run


async def test_so_many_documents_are_translated_at_once(make_run, folder):
    """Each file into each language is a document."""
    write(folder, a="one", b="two", c="three")
    hold = Hold()
    run = make_run(hold, limit=3)
    running = asyncio.create_task(run.run(lambda outcome: None))

    await hold.aentered(3)
    assert hold.items == ["es", "fr", "es"]
    hold.open()
    await running

    assert hold.peak == 3
    assert run.count(Ending.TRANSLATED) == 6


async def test_a_cancelled_run_leaves_whole_files_and_their_record(make_run, folder):
    """What had ended is not done again, and what had not is left."""
    write(folder, a="one", b="two")
    hold = Hold()
    run = make_run(hold, limit=1)
    ended = asyncio.Event()
    running = asyncio.create_task(run.run(lambda outcome: ended.set()))
    await hold.aentered(1)
    hold.pass_one()
    await ended.wait()

    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert listed(folder) == [NAME, "a.es.md", "a.md", "b.md"]
    assert [job.output for job in run.left] == ["a.fr.md", "b.es.md", "b.fr.md"]
    hold.open()
    again = make_run(hold)
    await again.run(lambda outcome: None)
    assert (again.count(Ending.UNCHANGED), again.count(Ending.TRANSLATED)) == (1, 3)


def test_ctrl_c_says_what_is_left(folder):
    """The exit code is that of an interrupted program, and no file is half."""
    write(folder, a="one\n", b="two at gate-never\n")
    command = [
        sys.executable,
        "manage.py",
        "translate_markdown",
        folder,
        "--to",
        "es,fr",
    ]
    settings = {"DJANGO_SETTINGS_MODULE": "tests.browser.settings"}
    with subprocess.Popen(
        [*command, "--to", "es,fr", "--jobs", "1"],
        cwd=ROOT,
        env={**os.environ, **settings, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        said = [process.stdout.readline() for _ in range(2)]
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=30)

    assert said == ["a.md -> a.es.md\n", "a.md -> a.fr.md\n"]
    assert process.returncode == 130
    assert out == "2 translated, 2 left\n"
    assert errors.splitlines() == [
        *("left: b.md (es)", "left: b.md (fr)"),
        "CommandError: Interrupted.",
    ]
    assert listed(folder) == [NAME, "a.es.md", "a.fr.md", "a.md", "b.md"]


async def test_visitors_take_turns_with_it_in_the_same_process(make_engine, folder):
    """A visitor's text waits for one text of each document that is on its way."""
    hold = Hold()
    engine = make_engine(limits=Limits(texts=1, requests=1), hold=hold)
    write(folder, **dict.fromkeys("abc", "\n\n".join(["one"] * 50)))
    bulk = asyncio.create_task(asyncio.to_thread(translate, folder, jobs=2))
    await hold.aentered(1)
    is_submitted = asyncio.Event()
    visitor = asyncio.create_task(
        translate_document(
            *("mine\n\nmine", "en", "es"),
            on_progress=lambda done, total: is_submitted.set(),
        )
    )

    await is_submitted.wait()
    for number in range(2, 12):
        hold.pass_one()
        await hold.aentered(number)

    assert engine.asked.count(["mine"]) == 2
    hold.open()
    assert (await visitor).text == "MINE\n\nMINE"
    assert (await bulk).code == 0
    assert len(engine.asked) == 152


def test_apertium_translates_a_folder(folder, use_engines):
    """The machine's own engine, by way of another language, too."""
    needs_pairs()
    from demo_site.translation.apertium import ApertiumEngine

    use_engines(ApertiumEngine())
    write(folder, a="# The *house*\n\n- `x` is red.\n")

    assert translate(folder, "es,fr").code == 0

    assert (folder / "a.es.md").read_text().startswith("# La *casa*\n\n- `x` es ")
    assert (folder / "a.fr.md").read_text().startswith("# La *maison*\n\n- `x` ")
