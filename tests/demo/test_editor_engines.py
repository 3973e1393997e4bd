"""What the editor's page says and refuses while no engine answers."""

import re

import pytest
from django.urls import reverse

from demo_site.translation.together.service import Service
from ephemeral_tasks.testing import drain
from tests.demo.engines import ToldEngine

pytestmark = pytest.mark.usefixtures("as_demo")

AWAY = "No translation engine answers at the moment."
STATE = "/engine-state/"


@pytest.fixture(autouse=True)
def asked_each_time(monkeypatch):
    """A probe counts as old at once, so that pages know what a test has changed."""
    monkeypatch.setattr(Service, "_is_fresh", lambda self: False)


@pytest.fixture
def engine(use_engines):
    """The process's only engine."""
    made = ToldEngine()
    use_engines(made)
    return made


def submit(client, **data):
    """Hand in a text, as a program does."""
    data = {"source": "en", "target": ["es"], "text": "The door."} | data
    return client.post(
        reverse("ephemeral_tasks:start", args=["translate"]),
        data,
        content_type="application/json",
        headers={"Accept": "application/json"},
    )


def button_of(page):
    """The tag of the button that starts a translation."""
    return re.search(r'<button[^>]*id="editor-translate"[^>]*>', page.text)[0]


def test_while_no_engine_answers_the_page_says_so_and_its_button_is_off(client, engine):
    """The button names the sentence as its reason."""
    engine.is_there = False

    page = client.get("/")

    assert AWAY in page.text
    assert "disabled" in button_of(page)
    assert 'aria-describedby="editor-engine"' in button_of(page)


def test_while_one_answers_the_button_is_on(client, engine):
    """And nothing is said."""
    page = client.get("/")

    assert AWAY not in page.text
    assert "disabled" not in button_of(page)


def test_while_no_engine_answers_a_submission_is_refused(client, engine):
    """D48: 400 with the sentence, not accepted to fail later; then it is taken."""
    engine.is_there = False
    refused = submit(client)
    engine.is_there = True
    taken = submit(client)
    drain()

    assert refused.status_code == 400
    error = refused.json()["error"]
    assert error["code"] == "invalid_input"
    assert error["fields"] == {"__all__": [AWAY]}
    assert taken.status_code == 202


def test_languages_whose_engines_are_away_are_refused(client, use_engines):
    """Another engine answers, and has none of them."""
    away = ToldEngine(pairs=[("en", "fr"), ("fr", "en")])
    away.is_there = False
    use_engines(ToldEngine(), away, patience_seconds=0.05)

    refused = submit(client, target=["fr"])
    mixed = submit(client, target=["fr", "es"])
    drain()

    assert "No engine for these languages" in str(refused.json())
    assert mixed.status_code == 202


def test_an_open_page_follows_an_engine_that_goes_and_comes_back(client, engine):
    """Each poll that finds another state swaps the sentence and the button."""
    engine.is_there = False
    gone = client.get(STATE, {"was": "on"})
    still = client.get(STATE, {"was": "off"})
    engine.is_there = True
    back = client.get(STATE, {"was": "off"})

    assert AWAY in gone.text
    assert "disabled" in button_of(gone)
    assert 'hx-swap-oob="true"' in button_of(gone)
    assert "was=off" in gone.text
    assert (still.status_code, still.content) == (204, b"")
    assert AWAY not in back.text
    assert "disabled" not in button_of(back)


def test_a_page_without_languages_gets_them_with_the_first_engine(client, engine):
    """A server's languages are unknown until it has answered once."""
    pairs, engine._pairs, engine.is_there = engine._pairs, (), False
    page = client.get("/")
    engine._pairs, engine.is_there = pairs, True
    swap = client.get(STATE, {"was": "unknown"})

    assert "was=unknown" in page.text
    assert "disabled" in button_of(page)
    assert re.search(r'id="editor-languages"[^>]*hx-swap-oob="true"', swap.text)
    assert 'value="es"' in swap.text
    assert 'value="es"' not in page.text


def test_staff_alone_see_which_engines_there_are(client, admin_client, engine):
    """By name and state; a visitor reads neither."""
    engine.name = "zzserver at host:1"

    assert "zzserver" not in client.get("/").text
    assert "zzserver" not in client.get(STATE, {"was": "off"}).text
    shown = admin_client.get("/").text
    assert "zzserver at host:1" in shown
    assert ">answers<" in shown
