"""What stands on a page: markup that people, keyboards and policies can live with."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.template import Context, engines
from django.test import override_settings
from django.utils import translation
from django.utils.functional import SimpleLazyObject

from ephemeral_tasks.errors import UnknownTask
from tests.web import tasks

pytestmark = pytest.mark.urls("tests.web.urls")


class Markup(HTMLParser):
    """The elements of a page, each as its name and attributes."""

    def __init__(self, html):
        super().__init__()
        self.elements = []
        self.inline = []
        self._in_script = False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        """Note an element."""
        self.elements.append((tag, dict(attrs)))
        self._in_script = tag in {"script", "style"}

    def handle_endtag(self, tag):
        """Leave a script."""
        self._in_script = False

    def handle_data(self, data):
        """Note what a script says."""
        if self._in_script and data.strip():
            self.inline.append(data)

    def all(self, tag, **attributes):
        """The elements of that name with those attributes."""
        return [
            found
            for name, found in self.elements
            if name == tag and attributes.items() <= found.items()
        ]


async def all_states(visitor):
    """Start one operation for each state that a row shows."""
    await visitor.start("web_say", text="x", language="es")
    await visitor.until_status("FAILED")
    await visitor.start("web_echo", text="x", language="es")
    await visitor.until_status("SUCCESSFUL", "FAILED")
    row = await visitor.held("b")
    await visitor.post(f"/tasks/{row['id']}/cancel/")
    await visitor.until_status("CANCELLED", "SUCCESSFUL", "FAILED")
    await visitor.held("a")
    await visitor.until_status("RUNNING", "CANCELLED", "SUCCESSFUL", "FAILED")


@pytest.fixture
def markup(visitor):
    """A page with every state, parsed."""

    async def parsed(path="/", **headers):
        await all_states(visitor)
        return Markup((await visitor.get_page(path, **headers)).content.decode())

    return parsed


async def test_nothing_is_inline(markup):
    """A policy of script-src 'self'; style-src 'self' is satisfied."""
    page = await markup()

    assert page.inline == []
    for _, attributes in page.elements:
        names = set(attributes)
        assert not {name for name in names if name.startswith(("on", "hx-on"))}
        assert "style" not in names
        assert "[" not in attributes.get("hx-trigger", "")
        assert "js:" not in str(attributes.get("hx-vals", ""))


async def test_a_real_table(markup):
    """Caption, scoped headings, a heading for each row."""
    page = await markup()

    assert len(page.all("caption")) == 2
    assert len(page.all("th", scope="col")) == 8
    assert len(page.all("th", scope="row")) == 5  # four rows, one of them in both
    assert all(
        attributes.get("scope") for name, attributes in page.elements if name == "th"
    )


async def test_one_polite_live_region_for_each_table(markup):
    """Outside of what is swapped, and no other in it."""
    page = await markup()

    live = [found for _, found in page.elements if "aria-live" in found]
    assert [found["id"] for found in live] == [
        "ephemeral-tasks-live",
        "ephemeral-tasks-web_echo-live",
    ]
    assert {found["aria-live"] for found in live} == {"polite"}


async def test_progress_has_a_label(markup):
    """The row's own heading."""
    page = await markup()

    (bar,) = page.all("progress")
    ids = {found.get("id") for _, found in page.elements}
    assert bar["value"] == "25"
    assert bar["aria-labelledby"] in ids


async def test_every_control_has_an_id_of_its_own(visitor):
    """So that focus can be given back after a swap."""
    await all_states(visitor)
    html = (await visitor.get_htmx("/tasks/")).content.decode()
    page = Markup(html)

    ids = [found["id"] for tag in ("a", "button") for found in page.all(tag)]
    assert len(ids) == len(set(ids)) == 9


async def test_a_buttons_name_says_of_which_row_it_is(visitor):
    """Five rows have five Cancel buttons; a list of buttons tells them apart."""
    await all_states(visitor)
    html = (await visitor.get_htmx("/tasks/")).content.decode()
    page = Markup(html)

    for found in [*page.all("button"), *page.all("a")]:
        id = found["id"].partition("-")[2]
        assert found["aria-labelledby"] == f"{found['id']} label-{id}"


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("en", "4:05:09 p.m."),
        ("de", "16:05:09"),
        ("fi", "16.05.09"),
        ("zh-hans", "16:05:09"),
    ],
)
def test_a_time_has_seconds_in_every_language(language, shown):
    """Two rows of one task that were submitted within a minute differ."""
    instant = datetime(2026, 1, 2, 16, 5, 9, tzinfo=UTC)

    with translation.override(language):
        html = render("{{ instant|to_the_second }}", instant=instant)

    assert html == shown


async def test_what_a_visitor_or_task_wrote_is_isolated(visitor):
    """Numbers and words of a left-to-right text keep their order on other pages."""
    await all_states(visitor)
    html = (await visitor.get_htmx("/tasks/")).content.decode()

    for text in ("Web hold", "paragraph 3", "es", "the word x cannot be said"):
        assert f"<bdi>{text}</bdi>" in html


async def test_every_button_works_without_javascript(markup):
    """It belongs to a form with a token, and names where it goes."""
    page = await markup()
    forms = {found.get("id") for found in page.all("form", method="post")}

    for button in page.all("button"):
        if "formaction" in button:
            assert button["type"] == "submit"
            assert button["form"] in forms
            assert button["formaction"].split("?")[0] == button["hx-post"].split("?")[0]
    assert len(page.all("input", name="csrfmiddlewaretoken")) == 3


async def test_a_refresh_link_without_javascript(visitor):
    """It leads to the page itself."""
    html = (await visitor.get_page("/?a=1")).content.decode()

    link = re.search(r'class="ephemeral-tasks-refresh">(.*?)</p>', html).group(1)
    assert link == '<a href="/?a=1">Refresh</a>'


async def test_states_are_words_and_classes(visitor):
    """Neither colour nor place alone says how it stands."""
    await all_states(visitor)
    html = (await visitor.get_htmx("/tasks/")).content.decode()

    for css, word in [
        ("is-running", "Running"),
        ("is-cancelled", "Cancelled"),
        ("is-successful", "Done"),
        ("is-failed", "Failed"),
    ]:
        row = html[html.index(css) :]
        assert f'<span class="operation-status">{word}</span>' in row


async def test_no_script_is_needed_from_elsewhere(markup):
    """Htmx 2, its websocket extension, two scripts of ours, the forms' media."""
    page = await markup()

    assert [found["src"] for found in page.all("script")] == [
        "/static/django_htmx/htmx-2.min.js",
        "/static/django_htmx/ext/hx-ws-2.min.js",
        "/static/ephemeral_tasks/ephemeral_tasks.js",
        "/static/ephemeral_tasks/news.js",
        "/static/look.js",
        "/static/own.js",
    ]
    assert [found["href"] for found in page.all("link")] == [
        "/static/ephemeral_tasks/ephemeral_tasks.css"
    ]


async def test_a_page_without_owner_opens_no_socket(visitor):
    """And does not poll."""
    page = Markup((await visitor.get_page("/")).content.decode())

    for _, found in page.elements:
        assert "ws-connect" not in found
        assert "hx-trigger" not in found
        assert "data-has-owner" not in found


@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("ar", "rtl")])
async def test_our_own_pages_say_language_and_direction(visitor, language, direction):
    """For readers and hyphens."""
    page = Markup(
        (
            await visitor.get_page("/tasks/", **{"Accept-Language": language})
        ).content.decode()
    )

    assert page.all("html", lang=language, dir=direction)


async def test_german_pages_are_german(visitor):
    """No English word is left in the table."""
    await all_states(visitor)
    html = (
        await visitor.get_htmx("/tasks/", **{"Accept-Language": "de"})
    ).content.decode()

    for word in ("Läuft", "Abgebrochen", "Fertig", "Fehlgeschlagen", "Entfernen"):
        assert word in html
    for word in ("Running", "Cancelled", "Done", "Failed", "Remove", "took", "Open"):
        assert f">{word}" not in html


@pytest.mark.parametrize(
    ("arguments", "has_htmx", "has_stylesheet"),
    [("", True, True), ("htmx=False", False, True), ("stylesheet=False", True, False)],
)
def test_media_can_be_left_out(arguments, has_htmx, has_stylesheet):
    """For a page that has htmx, or styles, of its own."""
    html = render("{% task_media " + arguments + " %}")

    assert ("htmx-2.min.js" in html) is has_htmx
    assert ("ephemeral_tasks.css" in html) is has_stylesheet
    assert "ephemeral_tasks.js" in html


def test_media_may_be_the_stylesheet_alone():
    """For a page without any other tag of ours."""
    html = render("{% task_media scripts=False %}", csp_nonce="n0nce")

    assert re.findall("<(?:script|link) [^>]*>", html) == [html]
    assert 'ephemeral_tasks.css"' in html
    assert 'nonce="n0nce"' in html


async def test_a_page_where_nothing_is_live_loads_no_script(visitor):
    """Of a result and of a refusal; a refused form sends itself again."""
    await visitor.start("web_echo", text="x", language="es")
    (done,) = await visitor.until_status("SUCCESSFUL")
    result = await visitor.get_page(f"/tasks/{done.id}/result/")
    refusal = await visitor.get_page(f"/tasks/{'0' * 32}/")
    form = await visitor.post_page("/tasks/start/web_echo/", {"text": "", "next": "/"})

    for page in result, refusal:
        markup = Markup(page.content.decode())
        assert not markup.all("script")
        assert len(markup.all("link", rel="stylesheet")) == 1
    assert Markup(form.content.decode()).all("script")


@pytest.mark.parametrize(
    ("arguments", "version", "is_adapted"),
    [
        ("", 2, False),
        ("htmx=2", 2, False),
        ("htmx=4", 4, True),
        ("htmx=False", 0, True),
    ],
)
def test_media_has_the_htmx_that_the_page_wants(arguments, version, is_adapted):
    """A page's own may be of either version, so it gets what htmx 4 needs, too."""
    html = render("{% task_media " + arguments + " %}")

    for one in (2, 4):
        assert (f"htmx-{one}.min.js" in html) is (one == version)
    assert ("hx-ws-2.min.js" in html) is (version == 2)
    assert ("ephemeral_tasks/htmx4.js" in html) is is_adapted


def test_another_htmx_is_refused():
    """There is no third one."""
    with pytest.raises(ValueError, match="htmx must be True, False, 2 or 4, got 3"):
        render("{% task_media htmx=3 %}")


def test_media_carries_the_pages_nonce():
    """Where a policy asks for one."""
    html = render("{% task_media %}", csp_nonce="n0nce")

    assert html.count('nonce="n0nce"') == 7


class UnusedNonce(SimpleLazyObject):
    """As Django's own: false until it is first written somewhere."""

    def __bool__(self):
        """Return whether it was used."""
        return False


def test_media_carries_a_nonce_that_nobody_has_used_yet():
    """Django's own is false until then; the forms' media get it as well."""
    nonce = UnusedNonce(lambda: "n0nce")

    html = render("{% task_media htmx=False %}", csp_nonce=nonce)

    tags = re.findall("<(?:script|link) [^>]*>", html)
    assert len(tags) == 6
    assert all('nonce="n0nce"' in tag for tag in tags)


def test_a_tag_without_request_is_a_configuration_error():
    """The message names the context processor."""
    with pytest.raises(ImproperlyConfigured, match=r"context_processors\.request"):
        render("{% task_table %}")


async def test_a_form_for_an_unknown_task_is_an_error(rf):
    """A typing mistake is found with the first look at the page."""
    request = rf.get("/")
    request.session = {}

    with pytest.raises(UnknownTask, match="web_ecko"):
        render('{% task_form "web_ecko" %}', request=request)


def test_a_form_may_start_with_values(rf):
    """And is a plain form."""
    html = render(
        '{% task_form "web_echo" initial=values %}',
        request=rf.get("/here/"),
        values={"text": "sample"},
    )

    assert 'value="sample"' in html
    assert 'action="/tasks/start/web_echo/?language=en"' in html
    assert 'name="next" value="/here/"' in html


def test_forms_of_a_page_have_ids_of_their_own(rf):
    """Two forms of one task, and a task whose form has a field of the same name."""
    page = Markup(
        render(
            '{% task_form "web_hold" %}{% task_form "web_hold" %}'
            '{% task_form "web_stubborn" %}',
            request=rf.get("/"),
        )
    )

    ids = [found["id"] for _, found in page.elements if "id" in found]
    assert len(ids) == len(set(ids))
    assert [found["for"] for found in page.all("label")] == [
        found["id"] for found in page.all("input", type="text")
    ]
    assert page.all("input", id="id_name")  # the first one's are Django's own


def test_a_piece_of_a_page_has_ids_of_its_own(rf):
    """What htmx brings later cannot know the forms that are there."""
    forms = [
        render('{% task_form "web_hold" %}', request=rf.get("/", headers=headers))
        for headers in ({}, {"HX-Request": "true"}, {"HX-Request": "true"})
    ]

    assert len({Markup(html).all("form")[0]["id"] for html in forms}) == 3


def test_a_boosted_page_is_a_whole_page(rf):
    """Its first form has the usual ids, and comes back to the page itself."""
    boosted = {"HX-Request": "true", "HX-Boosted": "true"}
    before = {"HX-Current-URL": "http://testserver/before/"}

    html = render(
        '{% task_form "web_hold" %}',
        request=rf.get("/here/", headers={**boosted, **before}),
    )

    assert 'id="id_name"' in html
    assert 'name="next" value="/here/"' in html


def test_a_sites_own_auto_id_is_kept(rf):
    """A form that a view made keeps the ids that the view chose."""
    form = tasks.HoldForm(auto_id="mine_%s")

    html = render(
        '{% task_form "web_hold" form=form %}', request=rf.get("/"), form=form
    )

    assert 'id="mine_name"' in html


async def test_nothing_is_inherited_from_the_page_around(visitor):
    """Wrapper and form say for themselves what htmx would take from above them."""
    page = Markup((await visitor.get_page("/")).content.decode())
    wrappers = [
        *page.all("form", **{"class": "task-form"}),
        *page.all("div", **{"class": "ephemeral-tasks"}),
    ]

    assert len(wrappers) == 3
    for found in wrappers:
        assert {name: found[name] for name in UNINHERITED} == UNINHERITED


UNINHERITED = {
    "hx-boost": "false",
    "hx-confirm": "unset",
    "hx-disabled-elt": "unset",
    "hx-include": "unset",
    "hx-indicator": "unset",
    "hx-params": "unset",
    "hx-prompt": "unset",
    "hx-push-url": "false",
    "hx-replace-url": "false",
    "hx-select": "unset",
    "hx-select-oob": "unset",
}
"""By htmx's rules each is inherited, and each value stops that."""


def test_a_form_with_files_says_so(rf):
    """To browsers and to htmx."""
    html = render('{% task_form "web_upload" %}', request=rf.get("/"))

    assert 'enctype="multipart/form-data"' in html
    assert 'hx-encoding="multipart/form-data"' in html


def test_a_form_with_our_fields_has_them_once(rf):
    """Its own ones."""
    html = render('{% task_form "web_look" %}', request=rf.get("/"))

    assert html.count('name="key"') == 1
    assert html.count('name="next"') == 1
    assert "task-key" not in html


@override_settings(EPHEMERAL_TASKS={"LOG_ERRORS": True})
async def test_staff_are_told_where_a_traceback_is(visitor, stranger):
    """Beside the table, where errors are logged in full."""
    await visitor.log_in(is_staff=True)

    to_staff = (await visitor.get_page("/tasks/")).content.decode()
    to_others = (await stranger.get_page("/tasks/")).content.decode()

    assert "traceback" in to_staff
    assert "traceback" not in to_others


async def test_every_template_can_be_overridden(visitor, tmp_path, settings):
    """A row of a site's own, with `row` and `page`."""
    (tmp_path / "ephemeral_tasks").mkdir()
    (tmp_path / "ephemeral_tasks" / "row.html").write_text(
        '<tr id="operation-{{ row.id }}"><td>mine: {{ row.label }}</td></tr>'
    )
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [str(tmp_path)]}]
    await visitor.held("a")

    assert "mine: Web hold" in (await visitor.get_htmx("/tasks/")).content.decode()
    tasks.holds["a"].open()


def render(source, **context):
    """The template as a page would have it."""
    template = engines["django"].from_string("{% load ephemeral_tasks %}" + source)
    return template.template.render(Context(context))
