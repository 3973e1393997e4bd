"""What a stranger gets from the wheel: a page that works."""

import shutil
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wheel.environment import clean_environment, make_python

PAGE = """\
{% load ephemeral_tasks %}<!doctype html>
<title>Tasks</title>
{% task_media %}
{% task_table %}
"""
LISTENING = "Listening on TCP address "

# The first test also waits for the installation.
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def python(built_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that has the wheel, what the wheel asks for, and no more."""
    folder = tmp_path_factory.mktemp("empty") / "venv"
    return make_python(folder, f"{built_wheel}[daphne]")


@pytest.fixture(scope="module")
def site(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the site, served by Daphne until the last test has looked."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(Path(__file__).with_name("mysite.py"), folder)
    (folder / "page.html").write_text(PAGE)
    command = [python, "-m", "daphne", "-b", "127.0.0.1", "-p", "0"]
    with subprocess.Popen(
        [*command, "mysite:application"],
        cwd=folder,
        env=clean_environment(),
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        yield f"http://{address_of(server)}"
        server.send_signal(signal.SIGTERM)


def address_of(server: subprocess.Popen[str]) -> str:
    """The host and port that the server says it listens on."""
    said = ""
    for line in server.stderr or ():
        said += line
        if LISTENING in line:
            return line.partition(LISTENING)[2].strip()
    pytest.fail(f"the site did not start:\n{said}")


def get(address: str) -> tuple[int, str]:
    """The status and the text of a page."""
    with urllib.request.urlopen(address, timeout=20) as answer:
        return answer.status, answer.read().decode()


def test_the_package_is_the_wheels(python, tmp_path):
    """The checkout does not help: the package comes from the environment."""
    code = "import ephemeral_tasks; print(ephemeral_tasks.__file__)"
    done = subprocess.run(
        [python, "-c", code],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=True,
    )

    assert Path(done.stdout.strip()).is_relative_to(python.parents[1])


def test_a_page_with_our_tags_answers(site):
    """Without a migration the page is there, with the table in it."""
    status, text = get(f"{site}/")

    assert status == 200
    assert 'id="ephemeral-tasks"' in text
    assert "<caption" in text


def test_the_routes_answer(site):
    """The package's own routes are there too."""
    assert get(f"{site}/tasks/")[0] == 200
    assert get(f"{site}/tasks/health/")[0] == 200
