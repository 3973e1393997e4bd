"""What a task is called where there are no arguments yet, and where there are."""

import pytest
from django.template import engines
from django.test import RequestFactory
from django.utils.translation import gettext_lazy, override

from ephemeral_tasks import Task
from tests.web import tasks

pytestmark = pytest.mark.urls("tests.web.urls")

START = "/tasks/start/web_titled/"
ECHO = {"text": "a", "language": "es"}


def takes(text, language="es"):
    """Stand in for a task's function."""


def needs(language):
    """A label that needs an argument."""
    return f"Say in {language}"


def needs_any(**shown):
    """A label that needs what it does not name."""
    return f"Say in {shown['language']}"


@pytest.mark.parametrize(
    ("label", "first", "then"),
    [
        ("", "Takes", "Takes"),
        ("Say", "Say", "Say"),
        (gettext_lazy("Cancelled"), "Cancelled", "Cancelled"),
        (tasks.say_in, "Say in a language", "Say in fr"),
        (needs, "Takes", "Say in fr"),
        (needs_any, "Takes", "Say in fr"),
    ],
)
def test_a_label_before_and_after_there_are_arguments(label, first, then):
    """A callable is called without any, and then with those that are shown."""
    task = Task(func=takes, label=label, shown=("language",))

    assert task.label_for() == first
    assert task.label_for({"language": "fr"}) == then


def test_a_callable_speaks_the_pages_language():
    """It is called for each page."""
    label = gettext_lazy("All operations")
    task = Task(func=takes, label=lambda: label)

    with override("de"):
        assert task.label_for() == "Alle Vorgänge"
    assert task.label_for() == "All operations"


def test_a_callable_may_stand_in_a_list_of_a_sites_own():
    """A template calls it without arguments."""
    source = "{% for task in tasks %}<option>{{ task.label_for }}</option>{% endfor %}"
    context = {"tasks": [tasks.web_titled, tasks.web_say]}

    html = engines["django"].from_string(source).render(context)

    assert html == "<option>Say in a language</option><option>Web say</option>"


def test_a_forms_button_has_it(transactional_db):
    """With and without JavaScript: it is the server's text."""
    source = '{% load ephemeral_tasks %}{% task_form "web_titled" %}'
    request = RequestFactory().get("/")

    html = engines["django"].from_string(source).render({}, request)

    assert '<button type="submit">Say in a language</button>' in html


async def test_a_refused_form_has_it_without_javascript(visitor):
    """In the page's title, heading and button."""
    html = (await visitor.post_page(START, {"text": ""})).content.decode()

    assert "<title>Say in a language</title>" in html
    assert "<h1>Say in a language</h1>" in html
    assert '<button type="submit">Say in a language</button>' in html


async def test_a_tables_caption_has_it(visitor):
    """Of one task's rows."""
    html = (await visitor.get_page("/tasks/?task=web_titled")).content.decode()

    assert "Say in a language: your last 5 operations" in html


async def test_what_was_accepted_has_the_operations_own(visitor):
    """On a page without a table, where nothing else says which it was."""
    headers = {"Ephemeral-Tasks-Tables": ""}

    html = (await visitor.post_htmx(START, ECHO, **headers)).content.decode()

    assert "Accepted: Say in es" in html


async def test_a_row_has_the_operations_own(visitor):
    """And keeps it."""
    row = await visitor.start("web_titled", **ECHO)

    assert row["label"] == "Say in es"
