"""docs/quickstart.md leads where it says: each step is done here as it is written."""

import os
import re
import shlex
import socket
import subprocess
import sys
from dataclasses import dataclass
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPCookieProcessor, Request, build_opener

import pytest

from tests.layers import ROOT
from tests.servers.process import Program, until

PAGE = (ROOT / "docs" / "quickstart.md").read_text()
STEP = re.compile(
    r"(?:(At the end of|Replace|Make|Below `([^`\n]+)` in) `([\w/.]+)`[^`\n]*:\n\n)?"
    r"^```(\w+)\n(.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
SERVE = "python manage.py runserver"
# Done already, by the environment of these tests. tests/clone types them.
INSTALL = [
    "python3 -m venv venv",
    ". venv/bin/activate",
    "pip install path/to/django-ephemeral-tasks daphne",
]
BROWSER = {"Accept": "text/html"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One block of the page, and what to do with it."""

    verb: str
    """How the sentence above begins; empty for commands and for what is only read."""
    line: str
    """Below which line of the file it comes; empty for the other verbs."""
    path: str
    language: str
    text: str


STEPS = [
    Step(verb=verb, line=line, path=path, language=language, text=text)
    for verb, line, path, language, text in STEP.findall(PAGE)
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the reader ends up, everything done but the server."""
    here = tmp_path_factory.mktemp("reader")
    for step in STEPS:
        if step.verb:
            edit(here / step.path, step)
        elif step.language == "sh":
            here = run(step.text.splitlines(), here)
    return here


def edit(path, step):
    """Do to a file what the sentence says."""
    assert path.exists() == (step.verb != "Make"), f"{step.verb} {step.path}"
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.read_text() if path.exists() else ""
    if step.line:
        assert before.count(step.line) == 1
        path.write_text(before.replace(step.line, f"{step.line}\n{step.text}"))
    elif step.verb == "At the end of":
        path.write_text(before + step.text)
    else:
        path.write_text(step.text)


def run(lines, here):
    """Type the commands one after the other and return where they lead."""
    for line in lines:
        if line.startswith("cd "):
            here /= line.removeprefix("cd ")
        elif line not in {*INSTALL, SERVE}:
            done = subprocess.run(
                shlex.split(line),
                cwd=here,
                env=environment(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"{line}\n{done.stdout}"
    return here


def environment():
    """A reader's shell, in an active virtual environment."""
    others = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
    beside = Path(sys.executable).parent
    path = f"{beside}{os.pathsep}{os.environ['PATH']}"
    return {**others, "PATH": path, "PYTHONPATH": str(ROOT)}


@pytest.fixture
def served(folder, tmp_path):
    """The page's last command runs; its address comes back."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    script = f"cd {shlex.quote(str(folder))} && exec {SERVE} {port}"
    shell = environment()
    names = {name: shell[name] for name in ("PATH", "PYTHONPATH")}
    with Program(tmp_path, ["sh", "-c", script], **names) as program:
        url = f"http://127.0.0.1:{port}"
        until(lambda: answers(url), lambda: f"the server answers:\n{program.log}")
        yield url


def answers(url):
    """Return whether anybody is at home."""
    try:
        return Reader(url).open("/")
    except URLError:
        return False


class Reader:
    """A browser without JavaScript."""

    def __init__(self, url):
        """Has no cookies yet."""
        self._url = url
        self._opener = build_opener(HTTPCookieProcessor(CookieJar()))

    def open(self, path, data=None):
        """Return the page behind an address, redirects followed."""
        body = None if data is None else urlencode(data).encode()
        request = Request(self._url + path, body, {**BROWSER, "Referer": self._url})
        with self._opener.open(request, timeout=20) as answer:
            return answer.read().decode()

    def press(self, page, action="/tasks/start/report/", **values):
        """Fill in the form with this action, press its button; return the next page."""
        return self.open(action, {**Form(page, action).values, **values})


class Form(HTMLParser):
    """What the form of a page holds that has this action."""

    def __init__(self, page, action):
        """Has read the page."""
        super().__init__()
        self.values = {}
        self._action = action
        self._is_inside = False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        """Note the form's address and its fields."""
        attributes = dict(attrs)
        if tag == "form":
            path = urlsplit(attributes.get("action", "")).path
            self._is_inside = path == self._action
        elif tag == "input" and self._is_inside:
            self.values[attributes["name"]] = attributes.get("value", "")

    def handle_endtag(self, tag):
        """Know where the form ends."""
        self._is_inside = self._is_inside and tag != "form"


def rows(page):
    """Return the texts of the table's rows, tags left out."""
    found = re.findall(r'<tr id="operation-.*?</tr>', page, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in found]


def test_the_page_is_what_this_test_reads():
    """Each file that the reader writes is found in the page."""
    assert [step.path for step in STEPS if step.verb] == [
        "mysite/settings.py",
        "mysite/asgi.py",
        "reports/tasks.py",
        "reports/templates/reports/home.html",
        "mysite/urls.py",
        "reports/views.py",
        "mysite/urls.py",
        "reports/templates/reports/home.html",
    ]


@pytest.mark.timeout(180)
def test_the_table_moves(served, folder):
    """A form is posted, its row ends with Done, and nobody else sees it."""
    reader = Reader(served)
    first = reader.open("/")
    assert rows(first) == []

    page = reader.press(first, months=2)
    assert len(rows(page)) == 1
    assert "Sales report" in rows(page)[0]

    (row,) = until(
        lambda: [row for row in rows(reader.open("/")) if "Done" in row], "Done"
    )
    assert "Sales report" in row
    assert rows(Reader(served).open("/")) == []

    (link,) = re.findall(r'href="(/tasks/\w+/result/)[?"]', reader.open("/"))
    assert "Sales of 2 months" in reader.open(link)


@pytest.mark.timeout(180)
def test_the_reloader_runs_nothing_twice(served, folder):
    """What ran when a file changed is gone, as the page says, and never runs again."""
    reader = Reader(served)
    tasks = folder / "reports" / "tasks.py"
    before = tasks.read_text()
    page = reader.press(reader.open("/"), months=60)
    assert len(rows(page)) == 1
    try:
        tasks.write_text(before.replace("Sales report", "Orders report"))
        page = until(lambda: has_new_label(reader, tasks), "the new label")
    finally:
        tasks.write_text(before)

    assert rows(page) == []


def has_new_label(reader, tasks):
    """Return the page once it has the label; touches the file while the old one is up.

    Once would not do: the reloader sees no change that came before its first look.
    """
    try:
        page = reader.open("/")
    except (URLError, ConnectionError):
        return ""  # it restarts
    if "Orders report" in page:
        return page
    tasks.touch()
    return ""


def test_a_view_starts_work_for_its_visitor(served):
    """What the site's own code submits is in the same table."""
    reader = Reader(served)

    page = reader.press(reader.open("/"), "/quarter/")

    assert len(rows(page)) == 1
    assert "Sales report" in rows(page)[0]


@pytest.mark.timeout(180)
def test_the_sixth_takes_the_place_of_the_oldest(served):
    """Five stay, all unfinished: the first was cancelled and is in no table."""
    reader = Reader(served)
    page = reader.open("/")
    for _ in range(6):
        page = reader.press(page, months=60)

    assert len(rows(page)) == 5


def test_a_template_of_the_readers_app_wins(folder):
    """The app stands before ours in the settings that the page gives."""
    name = "ephemeral_tasks/result.html"
    own = folder / "reports" / "templates" / name
    own.parent.mkdir()
    own.write_text("mine")
    code = f"from django.template import loader as l; assert l.get_template({name!r})"
    try:
        run([f"python manage.py shell -c \"{code}.render() == 'mine'\""], folder)
    finally:
        own.unlink()


def test_the_page_names_each_django_that_is_promised():
    """A reader with any of them knows that the page is for them, too."""
    project = (ROOT / "pyproject.toml").read_text()
    promised = re.findall(r"Framework :: Django :: (\d\.\d)", project)

    assert promised
    assert [version for version in promised if version not in PAGE] == []
