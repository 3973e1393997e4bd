"""The editor's page, form and download, as a visitor without a script gets them."""

import io
import zipfile

import pytest
from django.urls import reverse

from demo_site import settings as demo_settings
from demo_site.editor.forms import TEXT_CHARACTERS, TranslateForm
from demo_site.editor.samples import samples
from demo_site.translation import get_engine
from demo_site.translation.engines import find_engine
from ephemeral_tasks import owner_of, window
from ephemeral_tasks.testing import drain

pytestmark = pytest.mark.usefixtures("as_demo", "gated_engine")


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

    answer = client.get(reverse("editor:download", args=[id, "es"]))

    assert answer.content == b"# DOOR\n\nRED.\n"


def test_the_download_is_a_markdown_file_and_is_not_stored(client, translated):
    """Named by its language, and out of every cache."""
    id = translated("The door.")

    answer = client.get(reverse("editor:download", args=[id, "es"]))

    assert answer.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="translation.es.md"'
    )
    assert "no-store" in answer.headers["Cache-Control"]


def test_another_visitor_has_nothing_to_download(client, translated):
    """A foreign id is 404, as is one that never was, as is one without a result."""
    id = translated("The door.")
    failed = translated("Away-nowhere.".lower())
    assert statuses(client, failed) == [404] * 2
    assert statuses(client, id) == [200] * 2
    client.cookies.clear()

    assert statuses(client, id) == [404] * 2
    translated("My own door.")
    assert statuses(client, id) == [404] * 2
    assert statuses(client, "0" * 32) == [404] * 2


def statuses(client, id):
    """The statuses of both kinds of downloads."""
    paths = [
        reverse("editor:download", args=[id, "es"]),
        reverse("editor:download_all", args=[id]),
    ]
    return [client.get(path).status_code for path in paths]


def test_a_language_without_a_translation_has_nothing_to_download(client, translated):
    """Whether it failed or was never asked for."""
    id = translated("The door, never-fr.", target=["es", "fr"])

    for language in ("fr", "ca", "translations"):
        path = reverse("editor:download", args=[id, language])
        assert client.get(path).status_code == 404


def test_all_translations_are_downloaded_at_once(client, translated):
    """A ZIP file with a Markdown file for each language."""
    id = translated("The *red* door.", target=["es", "fr"])

    answer = client.get(reverse("editor:download_all", args=[id]))

    assert answer.headers["Content-Type"] == "application/zip"
    assert "no-store" in answer.headers["Cache-Control"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    assert files == {
        "translation.es.md": "THE *RED* DOOR.",
        "translation.fr.md": "THE *RED* DOOR. (fr)",
    }


def result_page(client, id):
    """The page of a result, as a browser gets it."""
    path = reverse("ephemeral_tasks:result", args=[id])
    return client.get(path, headers={"Accept": "text/html"}).text


def test_the_result_has_each_language_and_a_link_to_it(client, translated):
    """The links are tabs with JavaScript; one language has none."""
    one = result_page(client, translated("The door."))
    two = result_page(client, translated("The door.", target=["es", "fr"]))

    assert "editor-tabs" not in one
    assert 'href="#in-es"' in two
    assert 'href="#in-fr"' in two
    assert two.count('<section class="editor-translation"') == 2
    assert "THE DOOR. (fr)" in two


def test_each_page_with_the_badge_has_its_stylesheet(client, translated):
    """Once: without it the badge is a number and a sentence beside the site's name."""
    result = reverse("ephemeral_tasks:result", args=[translated("The door.")])

    for path in ("/", "/ask/", "/tasks/", result):
        page = client.get(path, headers={"Accept": "text/html"}).text
        assert page.count("is-count") == 1
        assert page.count("ephemeral_tasks/ephemeral_tasks.css") == 1


def test_the_result_names_the_language_that_failed(client, translated):
    """With the reason, and a link that fills the form with it."""
    id = translated("The door, never-fr.", target=["es", "fr"])

    page = result_page(client, id)

    assert "There is no translation: French (français)." in page
    assert "The engine does not answer." in page
    assert f'href="/?again={id}&amp;target=fr"' in page


def test_a_result_is_translated_again_into_another_language(client, translated):
    """The form has the text, where it is from, and the language that was chosen."""
    id = translated("The\n*red* door.")

    form = client.get("/", {"again": id, "target": "fr"}).context["form"]

    assert form["text"].value() == "The\n*red* door."
    assert form["source"].value() == "en"
    assert form["target"].value() == ["fr"]


def test_another_visitors_result_fills_no_form(client, translated):
    """Nor does an old link; neither is an error."""
    id = translated("The door.")
    client.cookies.clear()

    for again in (id, "0" * 32):
        form = client.get("/", {"again": again, "target": "fr"}).context["form"]
        assert not form["text"].value()


@pytest.mark.parametrize("language", ["es", "fr"])
def test_a_program_may_send_one_language_or_several(client, language):
    """In JSON, as a text or as a list."""
    path = reverse("ephemeral_tasks:start", args=["translate"])
    data = {"source": "en", "target": language, "text": "The door."}
    for target in (language, [language]):
        answer = client.post(path, data | {"target": target}, "application/json")

        assert answer.status_code == 202
        assert answer.json()["shown"]["target"] == [language]
    drain()


def test_a_text_that_is_too_long_is_refused():
    """It is counted as its writer sees it: a new line is one character."""
    longest = "a\r\n" * (TEXT_CHARACTERS // 2)
    data = {"source": "en", "target": ["es"]}

    longer = TranslateForm(data | {"text": f"{longest}a"})

    assert TranslateForm(data | {"text": longest}).is_valid()
    assert f"at most {TEXT_CHARACTERS} characters" in longer.errors["text"][0]


def test_the_preview_is_sanitised(client):
    """A part of a page for htmx, a page for browsers, in no cache."""
    data = {"text": "# Door <script>alert(1)</script>"}

    part = client.post(reverse("editor:preview"), data, headers={"HX-Request": "true"})
    page = client.post(reverse("editor:preview"), data)

    for answer in (part, page):
        assert "<h1>Door" in answer.text
        assert "alert(1)" not in answer.text
        assert "no-store" in answer.headers["Cache-Control"]
    assert "<html" not in part.text
    assert "<html" in page.text


def test_a_running_translation_is_shown_while_it_is_written(client, translated):
    """Of the visitor alone, and on the page itself until it has finished."""
    id = translated("The door.")
    path = reverse("editor:growing", args=[id])

    assert "THE DOOR." in client.get(path).text
    assert "<task-output" not in client.get("/").text
    client.cookies.clear()
    assert client.get(path).status_code == 404


def test_what_another_task_writes_is_not_shown(client, rf, monkeypatch):
    """The page asks for it, because its table has all rows: that is no error."""
    monkeypatch.setattr("demo_site.ask.tasks.WORD_SECONDS", 0)
    client.post(reverse("ask:ask"), {"question": "Why?"})
    drain()
    request = rf.get("/")
    request.session = client.session
    (row,) = window(owner_of(request))

    answer = client.get(reverse("editor:growing", args=[row.id]))

    assert (answer.status_code, answer.content) == (204, b"")
    client.cookies.clear()
    other = client.get(reverse("editor:growing", args=[row.id]))
    assert other.status_code == 404


def test_staff_have_the_editor_in_the_admin(client, admin_client, translated):
    """In the admin's frame, with its own sidebar; visitors are sent to the login."""
    path = reverse("editor:staff")

    page = admin_client.get(path)

    assert client.get(path).status_code == 302
    assert 'id="task-form-translate"' in page.text
    assert 'id="nav-sidebar"' in page.text


def test_a_result_leads_staff_back_to_the_admin(admin_client, translated):
    """And visitors to the page that they came from."""
    path = reverse("editor:staff")
    headers = {"Accept": "text/html", "Referer": f"http://testserver{path}"}
    admin_client.post(
        reverse("ephemeral_tasks:start", args=["translate"]),
        {"source": "en", "target": "es", "text": "The door."},
    )
    drain()
    (row,) = admin_client.get(reverse("ephemeral_tasks:table")).json()["operations"]

    url = reverse("ephemeral_tasks:result", args=[row["id"]])
    page = admin_client.get(url, headers=headers)

    assert f'href="{path}"' in page.text
    assert f'href="{path}?again={row["id"]}&amp;target=fr"' in page.text


def test_the_result_says_how_much_was_kept(client, translated):
    """What the engine broke stayed as it was, and the page says how often."""
    id = translated("The `red` door.\n\nThe `lossy` door.\n\nThe blue, lossy `door`.")

    page = client.get(
        reverse("ephemeral_tasks:result", args=[id]), headers={"Accept": "text/html"}
    )

    assert "THE `red` DOOR." in page.text
    assert "The blue, lossy `door`." in page.text
    assert "1 of 3 paragraphs stayed as it was." in page.text
    assert "The engine refused them, or lost a part of their Markdown" in page.text


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
