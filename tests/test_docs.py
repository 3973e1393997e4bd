"""The pages in docs/ say what is so."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from ephemeral_tasks.conf import RULES, Config
from ephemeral_tasks.tasks import registry
from ephemeral_tasks.testing import cancel_all
from tests.django_suite.exceptions import EXCEPTIONS
from tests.layers import ROOT
from tests.reader import Reader

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\(([^)#\s]+)")
EXCEPTION = re.compile(r"^\| `(\w+TestCase\.\w+)` \| (.*) \|$", re.MULTILINE)
# These two pages are followed step by step by tests of their own.
RUN = [page for page in PAGES if page.name not in {"README.md", "quickstart.md"}]
SETTING = re.compile(r"^\| `([A-Z_]+)` \| (.*?) \| (.*?) \| (.*?) \|$", re.MULTILINE)
SETTINGS_PAGE = (ROOT / "docs" / "settings.md").read_text()


HALF = "half of `MAX_RUNNING`, at least 1"


def rows() -> dict[str, tuple[str, str, str]]:
    """The table of settings: key → default, value, meaning."""
    return {key: tuple(rest) for key, *rest in SETTING.findall(SETTINGS_PAGE)}


def test_each_setting_has_a_row():
    """The page lists the keys that the code knows, and no other."""
    assert sorted(rows()) == sorted(RULES)


@pytest.mark.parametrize("record", fields(Config), ids=lambda record: record.name)
def test_a_row_tells_default_and_bounds(record):
    """A row's default, its bound and its meaning are the code's own."""
    default, value, meaning = rows()[record.name.upper()]

    stated = default.strip("`")
    if stated not in {"DEBUG", "min(32, cpus + 4)", HALF}:
        assert stated == f"{record.default!r}".removesuffix(".0")
    assert value == str(record.metadata["rule"])
    assert meaning.startswith(meaning_of(record.name)), meaning


def meaning_of(name: str) -> str:
    """The string under the field, as the page would write it."""
    source = Path(ROOT / "ephemeral_tasks" / "conf.py").read_text()
    _, _, after = source.partition(f"\n    {name}: ")
    words = re.search(r'"""(.*?)"""', after, re.DOTALL)
    assert words
    return " ".join(words[1].replace("``", "`").split())


def test_each_check_has_a_row():
    """The page lists the ids of the checks that the code can give."""
    known = {
        id
        for path in (ROOT / "ephemeral_tasks").rglob("checks.py")
        for id in re.findall(r'id="(ephemeral_tasks\.[EWI]\d+)"', path.read_text())
    }

    listed = re.findall(r"^\| `(ephemeral_tasks\.\w+)`", SETTINGS_PAGE, re.MULTILINE)

    assert set(listed) == known


def test_each_exception_from_djangos_tests_has_a_row():
    """The page lists them with the reasons that the code gives."""
    page = (ROOT / "docs" / "django-tasks.md").read_text()

    assert dict(EXCEPTION.findall(page)) == EXCEPTIONS


@pytest.mark.usefixtures("transactional_db", "known_tasks")
@pytest.mark.parametrize("page", RUN, ids=lambda page: page.name)
def test_a_page_leads_where_it_says(page, settings, monkeypatch):
    """Its blocks are followed one after the other, as tests/reader.py says."""
    Reader(page, settings, monkeypatch).follow()
    cancel_all()


@pytest.fixture
def known_tasks(monkeypatch):
    """What a page declares is gone with it."""
    monkeypatch.setattr(registry, "_tasks", {**registry._tasks})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    """Each link to a file of this project names one that is there."""
    links = LINK.findall(page.read_text())
    local = [link for link in links if not link.startswith("http")]

    assert [link for link in local if not (page.parent / link).exists()] == []
