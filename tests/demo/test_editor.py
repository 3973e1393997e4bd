"""The editor's page, form and download, as a visitor without a script gets them."""

import pytest
from django.urls import reverse

from demo_site import settings as demo_settings
from demo_site.editor.samples import samples
from demo_site.translation import get_engine
from demo_site.translation.engines import find_engine
from ephemeral_tasks.testing import drain


@pytest.fixture(autouse=True)
def site(as_demo, settings):
    """The demo's site, with an engine that upper-cases."""
    settings.TRANSLATION_ENGINES = "tests.browser.engine.GatedEngine"
    settings.TRANSLATION_PATIENCE_SECONDS = 0.1
    get_engine.cache_clear()
    yield
    get_engine.cache_clear()


@pytest.fixture
def translated(client):
    """Hands in a text and returns the id of its finished operation."""

    def translated(text, **data):
        data = {"source": "en", "target": "es", "text": text} | data
        answer = client.post(
            reverse("ephemeral_tasks:start", args=["translate"]),
            data,
            headers={"Accept": "application/json"},
        )
        assert answer.status_code == 202, answer.content
        drain()
        return answer.json()["id"]

    return translated


def test_the_page_needs_no_login_and_wears_the_admins_clothes(client):
    """Anybody gets the form, in the admin's own base template."""
    answer = client.get("/")

    assert answer.status_code == 200
    assert "admin/base.html" in [template.name for template in answer.templates]
    assert 'id="task-form-translate"' in answer.text
    assert 'id="ephemeral-tasks"' in answer.text


def test_a_page_makes_no_session(client):
    """A visitor who starts nothing gets no session cookie."""
    client.get("/")

    assert "sessionid" not in client.cookies


def test_every_answer_carries_the_policy(client):
    """Scripts, styles and connections from this site alone; errors are no exception."""
    for path in ("/", "/tasks/", "/nowhere/"):
        policy = client.get(path).headers["Content-Security-Policy"]
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy


@pytest.mark.parametrize("name", samples())
def test_each_sample_fills_the_form(client, name):
    """The text in the form is the sample's, to the byte."""
    form = client.get("/", {"sample": name}).context["form"]

    assert form["text"].value() == samples()[name].text


def test_an_unknown_sample_is_an_empty_form(client):
    """A stale link is no error."""
    answer = client.get("/", {"sample": "no-such"})

    assert answer.status_code == 200
    assert not answer.context["form"]["text"].value()


def test_languages_have_both_their_names(client):
    """In the page's language and in their own."""
    english = client.get("/", headers={"Accept-Language": "en"}).text
    german = client.get("/", headers={"Accept-Language": "de"}).text

    assert "Spanish (español)" in english
    assert "Spanisch (español)" in german


@pytest.mark.parametrize(
    ("language", "word"),
    [("en", "Translate"), ("de", "Übersetzen"), ("es", "Traducir"), ("fr", "Traduire")],
)
def test_the_page_speaks_its_visitors_language(client, language, word):
    """Each of the settings' languages, down to the button."""
    text = client.get("/", headers={"Accept-Language": language}).text

    assert f'<html lang="{language}"' in text
    assert f">{word}</button>" in text


def test_only_pairs_of_the_engine_are_taken(client):
    """Two languages that the engine knows are not always a pair of its."""
    answer = client.post(
        reverse("ephemeral_tasks:start", args=["translate"]),
        {"source": "es", "target": "es", "text": "La puerta."},
        headers={"Accept": "application/json"},
    )

    assert answer.status_code == 400
    assert answer.json()["error"]["fields"] == {
        "target": ["There is no translation from Spanish to Spanish."]
    }


def test_line_ends_are_those_that_the_writer_saw(client, translated):
    """Browsers submit CR and LF; the file has plain newlines."""
    id = translated("# Door\r\n\r\nRed.\r\n")

    answer = client.get(reverse("editor:download", args=[id]))

    assert answer.content == b"# DOOR\n\nRED.\n"


def test_the_download_is_a_markdown_file_and_is_not_stored(client, translated):
    """Named by its language, and out of every cache."""
    answer = client.get(reverse("editor:download", args=[translated("The door.")]))

    assert answer.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="translation.es.md"'
    )
    assert "no-store" in answer.headers["Cache-Control"]


def test_another_visitor_has_nothing_to_download(client, translated):
    """A foreign id is 404, as is one that never was, as is one without a result."""
    id = translated("The door.")
    failed = translated("Away-nowhere.".lower())
    assert client.get(reverse("editor:download", args=[failed])).status_code == 404
    client.cookies.clear()

    assert client.get(reverse("editor:download", args=[id])).status_code == 404
    translated("My own door.")
    assert client.get(reverse("editor:download", args=[id])).status_code == 404
    assert client.get(reverse("editor:download", args=["0" * 32])).status_code == 404


def test_the_result_says_how_much_was_kept(client, translated):
    """What the engine broke stayed as it was, and the page says how often."""
    id = translated("The `red` door.\n\nThe `lossy` door.\n\nThe blue, lossy `door`.")

    page = client.get(
        reverse("ephemeral_tasks:result", args=[id]), headers={"Accept": "text/html"}
    )

    assert "THE `red` DOOR." in page.text
    assert "The blue, lossy `door`." in page.text
    assert "1 of 3 paragraphs stayed as it was." in page.text


def test_the_pseudo_engine_says_that_it_pretends(client, settings):
    """A banner, and the one command that ends it."""
    settings.TRANSLATION_ENGINES = "demo_site.translation.pseudo.PseudoEngine"
    get_engine.cache_clear()

    text = client.get("/").text

    assert "No translation engine is installed" in text
    assert "apt-get" in text


def test_a_real_engine_has_no_banner(client):
    """Nothing is said where nothing is missing."""
    assert "apt-get" not in client.get("/").text


def test_the_demos_engine_is_the_best_of_the_machine(settings):
    """Its settings name none."""
    settings.TRANSLATION_ENGINES = demo_settings.TRANSLATION_ENGINES
    get_engine.cache_clear()

    (engine,) = get_engine().engines

    assert type(engine) is type(find_engine())
