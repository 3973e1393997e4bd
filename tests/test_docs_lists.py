"""The lists in docs/ are those of the code."""

import inspect
import re
from dataclasses import fields

import pytest

import ephemeral_tasks
from ephemeral_tasks.conf import RULES, Config
from ephemeral_tasks.core.status import Status
from ephemeral_tasks.pool.counters import PoolStatistics
from ephemeral_tasks.pool.task_times import TaskStatistics
from tests.django_suite.exceptions import EXCEPTIONS
from tests.layers import ROOT
from tests.test_docs import CLAIM

DOCS = ROOT / "docs"
PACKAGE = ROOT / "ephemeral_tasks"
EXCEPTION = re.compile(r"^\| `(\w+TestCase\.\w+)` \| (.*) \|$", re.MULTILINE)
SETTING = re.compile(r"^\| `([A-Z_]+)` \| (.*?) \| (.*?) \| (.*?) \|$", re.MULTILINE)
SETTINGS_PAGE = (DOCS / "settings.md").read_text()
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
    source = (PACKAGE / "conf.py").read_text()
    _, _, after = source.partition(f"\n    {name}: ")
    words = re.search(r'"""(.*?)"""', after, re.DOTALL)
    assert words
    return " ".join(words[1].replace("``", "`").split())


def test_each_check_has_a_row():
    """The page lists the ids of the checks that the code can give."""
    known = {
        id
        for path in PACKAGE.rglob("checks.py")
        for id in re.findall(r'id="(ephemeral_tasks\.[EWI]\d+)"', path.read_text())
    }

    listed = re.findall(r"^\| `(ephemeral_tasks\.\w+)`", SETTINGS_PAGE, re.MULTILINE)

    assert set(listed) == known


def test_each_exception_from_djangos_tests_has_a_row():
    """The page lists them with the reasons that the code gives."""
    page = (DOCS / "django-tasks.md").read_text()

    assert dict(EXCEPTION.findall(page)) == EXCEPTIONS


def test_the_module_map_is_complete():
    """how-it-works.md has a line for each module of the package, and no other."""
    page = (DOCS / "how-it-works.md").read_text()

    listed = re.findall(r"^\| `([\w/]+\.py)` \| \S", page, re.MULTILINE)

    found = [str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py")]
    assert sorted(listed) == sorted(found)


def test_each_claim_of_the_security_page_has_a_test():
    """Its table names at least one test in each line."""
    page = (DOCS / "security.md").read_text()
    _, _, table = page.partition("| claim | held by |\n| --- | --- |\n")
    lines = table.partition("\n\n")[0].splitlines()

    assert lines
    assert [line for line in lines if not CLAIM.search(line)] == []


API = (DOCS / "api.md").read_text()
NAMED = re.compile(r"^### `(\w+)(.*)`$", re.MULTILINE)


def test_the_api_page_has_each_public_name():
    """Once each."""
    assert sorted(name for name, _ in NAMED.findall(API)) == ephemeral_tasks.__all__


@pytest.mark.parametrize(("name", "stated"), NAMED.findall(API))
def test_a_signature_is_the_codes(name, stated):
    """The page's headings have the parameters and defaults of the code."""
    named = getattr(ephemeral_tasks, name)
    if not callable(named) or not stated:
        assert not stated
        return

    assert in_any_order(stated) == in_any_order(signature_of(named))


def test_each_statistic_of_the_pool_is_listed():
    """The page names the fields of the record, and of a task's record in it."""
    section = API.partition("### `pool`")[2].partition("\n## ")[0]
    known = {one.name for one in (*fields(PoolStatistics), *fields(TaskStatistics))}

    cells = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    text = section.partition("A record of `tasks`")[2]
    assert set(re.findall(r"`(\w+)`", " ".join(cells) + text)) == known


def in_any_order(signature: str) -> list[str]:
    """Keyword-only parameters sorted: the versions of Django differ there."""
    positional, star, keyword_only = signature.strip("()").partition("*, ")
    return [positional, star, *sorted(keyword_only.split(", "))]


def signature_of(named) -> str:
    """The parameters without types."""
    signature = inspect.signature(named)
    plain = [
        parameter.replace(annotation=parameter.empty)
        for parameter in signature.parameters.values()
    ]
    text = str(inspect.Signature(plain))
    return re.sub(r"<class '(?:[\w.]+\.)?(\w+)'>", r"\1", text)


LOOKS = (DOCS / "pages.md").read_text()
TEMPLATES = PACKAGE / "templates" / "ephemeral_tasks"
SHEET = PACKAGE / "static" / "ephemeral_tasks" / "ephemeral_tasks.css"


def first_cells(title: str) -> set[str]:
    """What stands in backticks in the first cells of a section's tables."""
    section = LOOKS.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    return set(re.findall(r"`([\w./-]+)`", " ".join(cells)))


def test_each_template_has_a_row():
    """pages.md lists the templates that may be overridden, and no other."""
    names = {str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html")}

    assert first_cells("Templates") == names


def test_each_class_has_a_row():
    """pages.md lists the classes that the templates write, and no other of ours."""
    markup = "".join(path.read_text() for path in TEMPLATES.glob("*.html"))
    markup = re.sub(r"[\w-]*\{\{.*?\}\}|\{%.*?%\}", "", markup)
    written = set(" ".join(re.findall(r'class="([^"]*)"', markup)).split())
    states = {f"is-{status.lower()}" for status in [*Status, "cancelling"]}
    actions = {"is-cancel", "is-retry", "is-again", "is-dismiss", "is-result"}

    listed = first_cells("Classes and custom properties")

    properties = set(re.findall(r"--et-\w+", SHEET.read_text()))
    assert listed - {"htmx-request"} == written | states | actions | properties


def test_the_versions_are_those_of_the_package():
    """index.md names each Python and Django that the package promises, and no other."""
    project = (ROOT / "pyproject.toml").read_text()
    page = (DOCS / "index.md").read_text()
    section = page.partition("\n## Versions\n")[2].partition("**Public**")[0]
    promised = re.findall(r":: (?:Python|Django) :: (\d\.\d+)", project)

    assert set(re.findall(r"\d\.\d+", section)) == set(promised)
