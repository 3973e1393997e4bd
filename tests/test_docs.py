"""The pages in docs/ lead where they say, and their links lead somewhere."""

import logging
import re
from pathlib import Path

import pytest
from django.contrib.admin import site

from ephemeral_tasks.otel import uninstrument
from ephemeral_tasks.registry import registry
from ephemeral_tasks.testing import cancel_all
from tests.layers import ROOT
from tests.reading.reader import Reader

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")
# These two pages are followed step by step by tests of their own.
RUN = [page for page in PAGES if page.name not in {"README.md", "quickstart.md"}]


@pytest.mark.usefixtures("transactional_db", "as_before")
@pytest.mark.parametrize("page", RUN, ids=lambda page: page.name)
def test_a_page_leads_where_it_says(page, settings, monkeypatch):
    """Its blocks are followed one after the other, as tests/reading/reader.py says."""
    Reader(page, settings, monkeypatch).follow()
    cancel_all()


@pytest.fixture
def as_before(monkeypatch):
    """What a page declares is gone with it, and how it wants things logged."""
    monkeypatch.setattr(registry, "_tasks", {**registry._tasks})
    models = {**site._registry}
    logger = logging.getLogger("ephemeral_tasks")
    level, handlers = logger.level, [*logger.handlers]
    yield
    logger.setLevel(level)
    logger.handlers[:] = handlers
    site._registry.clear()
    site._registry.update(models)
    uninstrument()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    """Each link to a file of this project names one that is there, and its heading."""
    missing = [
        f"{path}#{anchor}"
        for path, anchor in LINK.findall(page.read_text())
        if not path.startswith("http")
        for target in [page.parent / path if path else page]
        if not target.exists() or (anchor and anchor not in anchors_of(target))
    ]

    assert missing == []


def anchors_of(page: Path) -> set[str]:
    """The names of a page's headings in a URL, as GitHub makes them."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", title.lower()) for title in titles)
    return {title.replace(" ", "-") for title in plain}


@pytest.mark.parametrize("name", ["README.md", "docs/index.md"])
def test_each_page_is_in_the_lists_of_pages(name):
    """README and the map of the documentation lead to all of it."""
    text = (ROOT / name).read_text()
    linked = {Path(path).name for path, _ in LINK.findall(text)}

    assert [
        page.name
        for page in PAGES
        if page.name not in linked | {Path(name).name, "README.md"}
    ] == []


CLAIM = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_named_tests_are_there(page):
    """Where a page says which test holds a claim, that test exists."""
    missing = [
        f"{path}::{name}"
        for path, name in CLAIM.findall(page.read_text())
        if not (ROOT / path).exists() or f"def {name}(" not in (ROOT / path).read_text()
    ]

    assert missing == []
