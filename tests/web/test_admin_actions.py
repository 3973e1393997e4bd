"""``task_action``: selected rows of the admin become an operation's input."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import Permission, User
from django.core.exceptions import PermissionDenied
from django.test import Client, RequestFactory
from django.urls import NoReverseMatch, set_script_prefix

from ephemeral_tasks import pool, task
from ephemeral_tasks.admin import task_action
from ephemeral_tasks.testing import drain
from tests.web import admin_urls
from tests.web.admin_urls import taken, web_export

pytestmark = [
    pytest.mark.urls("tests.web.admin_urls"),
    pytest.mark.usefixtures("transactional_db"),
]

LIST = "/admin/auth/user/"
FILTERED = f"{LIST}?is_staff__exact=0&q=u&p=1"
HTML = {"Accept": "text/html"}


@pytest.fixture(autouse=True)
def nothing_taken():
    """No body has run yet."""
    taken.clear()


@pytest.fixture
def users():
    """Six users who are no staff, ``u0`` to ``u5``; their keys as texts."""
    made = [User.objects.create_user(f"u{number}") for number in range(6)]
    return [str(user.pk) for user in made]


@pytest.fixture
def make_staff():
    """Make a staff member with these permissions of users, in a browser."""

    def make_staff(name="ann", *permissions, **fields):
        user = User.objects.create_user(name, is_staff=True, **fields)
        codenames = [f"{one}_user" for one in permissions]
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client = Client(headers=HTML)
        client.force_login(user)
        return client

    return make_staff


@pytest.fixture
def boss(make_staff):
    """The browser of a staff member who may do everything."""
    return make_staff("boss", is_superuser=True)


def act(client, ids, action="web_export", path=LIST, **data):
    """Choose rows of the list and an action, and press Go."""
    selection = {"action": action, "index": 0, "_selected_action": ids}
    return client.post(path, {**selection, **data})


def landed(client, answer):
    """The page on which the browser lands."""
    assert answer.status_code == 302, answer.content
    return client.get(answer.headers["Location"])


def link_back(page):
    """Where the page's link to the list leads."""
    return unescape(re.search('href="([^"]*)">Back to the list', page)[1])


def test_the_body_gets_the_keys_of_the_selected_rows(boss, users):
    """As texts, in the order of the list."""
    act(boss, [users[3], users[1]])

    drain()
    assert taken == [[users[1], users[3]]]


def test_all_matching_rows_are_meant_where_all_were_chosen(boss, users):
    """Those of the other pages of the filtered list, too."""
    act(boss, users[:4], path=FILTERED, select_across=1)

    drain()
    assert taken == [users]


def test_a_page_of_the_admin_shows_the_operation(boss, users):
    """Live, in the admin's own templates, with its file."""
    page = landed(boss, act(boss, users))

    id, html = page.context["id"], page.content.decode()
    assert "admin/base_site.html" in [template.name for template in page.templates]
    assert "<title>Export 100 % | " in html
    assert f'id="operation-{id}"' in html
    drain()
    html = boss.get(page.request["PATH_INFO"], {"next": LIST}).content.decode()
    assert f"/tasks/{id}/result/?download" in html


@pytest.fixture
def own_prefix():
    """What the test sets as the site's prefix is gone with it."""
    yield
    set_script_prefix("/")


@pytest.mark.usefixtures("own_prefix")
@pytest.mark.parametrize("prefix", ["/", "/below/"])
def test_the_page_leads_back_to_the_list_as_it_was_filtered(boss, users, prefix):
    """Search, filter and page included, also below a path of the server."""
    boss.defaults["SCRIPT_NAME"] = prefix.rstrip("/")
    set_script_prefix(prefix)
    answer = act(boss, users, path=FILTERED)
    location = urlsplit(answer.headers["Location"])

    page = boss.get(f"/{location.path.removeprefix(prefix)}?{location.query}")

    assert link_back(page.content.decode()) == f"{prefix}{FILTERED[1:]}"


def test_the_page_belongs_to_the_admin_of_the_list(boss, users):
    """Its links lead to that site, not to the first one."""
    page = landed(boss, act(boss, users, path=f"/other{LIST[6:]}"))

    html = page.content.decode()
    assert link_back(html) == "/other/auth/user/"
    assert 'href="/other/"' in html
    assert 'href="/admin/' not in html


def test_the_page_speaks_the_language_of_the_list(boss, users):
    """Its address names it, for sites that have the language in the path."""
    answer = boss.post(
        LIST,
        {"action": "web_export", "_selected_action": users},
        headers={"Accept-Language": "de"},
    )

    page = landed(boss, answer)
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["language"] == ["de"]
    assert "Zurück zur Liste" in page.content.decode()


def test_a_label_may_have_a_percent_sign(boss, users):
    """Django fills names into a description; in a label there are none."""
    html = boss.get(LIST).content.decode()

    assert ">Export 100 %</option>" in html
    assert ">Mark users</option>" in html


# -- rights ----------------------------------------------------------------------------


def test_an_action_without_its_permission_is_not_offered_and_not_done(
    make_staff, users
):
    """Neither in the menu nor for a form that was written by hand."""
    client = make_staff("ann", "view")

    answer = act(client, users)

    drain()
    assert "Export" not in client.get(LIST).content.decode()
    assert answer.headers["Location"] == LIST
    assert taken == []


@pytest.mark.parametrize(
    ("permissions", "is_done"), [(["view"], True), (["change", "add"], False)]
)
def test_permissions_are_asked_for_again_where_it_acts(
    make_staff, users, permissions, is_done
):
    """Whoever calls the action: one of them is enough, none is a refusal."""
    client = make_staff("ann", "view")
    request = RequestFactory().post(LIST)
    request.user, request.session = User.objects.get(username="ann"), client.session
    users_admin = admin_urls.site.get_model_admin(User)
    action = task_action(web_export, permissions=permissions)

    if is_done:
        assert action(users_admin, request, User.objects.all()).status_code == 302
        return
    with pytest.raises(PermissionDenied):
        action(users_admin, request, User.objects.all())
    assert pool.statistics().accepted == 0


def test_the_tasks_own_permission_counts_as_well(make_staff, users):
    """Without it the task cannot be started from the list either."""
    answer = act(make_staff("ann", "view"), users, "web_mark")
    allowed = act(make_staff("bea", "view", "delete"), users, "web_mark")

    assert answer.status_code == 403
    assert allowed.status_code == 302
    drain()
    assert taken == [users]


def test_another_staff_member_sees_nothing_of_it(boss, make_staff, users):
    """The same page as for an operation that never was, with the way back."""
    url = act(boss, users).headers["Location"]
    stranger = make_staff("ann", "view")

    page = stranger.get(url)

    html = page.content.decode()
    assert page.status_code == 404
    assert "Export" not in html
    assert "This operation is gone, or it is not yours." in html
    assert link_back(html) == LIST


@pytest.mark.parametrize("fields", [None, {"is_staff": False}])
def test_who_is_no_staff_is_asked_to_log_in(boss, users, fields):
    """A visitor and a user who is no staff, at a page of the admin."""
    url = act(boss, users).headers["Location"]
    client = Client(headers=HTML)
    if fields is not None:
        client.force_login(User.objects.get(username="u0"))

    answer = client.get(url)

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/admin/login/?next=/tasks/")


@pytest.mark.parametrize(
    "back", ["", "//evil.example/admin/auth/user/", "https://evil.example/", "/tasks/"]
)
def test_the_way_back_leads_to_a_list_of_the_admin(boss, users, back):
    """To no other host and to no other page: there is no such page then."""
    path = urlsplit(act(boss, users).headers["Location"]).path

    answer = boss.get(path, {"next": back})

    assert answer.status_code == 404
    assert "evil" not in answer.content.decode()


# -- refusals --------------------------------------------------------------------------


def fields_of(html):
    """What the page's form sends, without its token."""
    fields = {}
    for name, value in re.findall('type="hidden" name="(\\w*)" value="(.*?)"', html):
        fields.setdefault(name, []).append(value)
    del fields["csrfmiddlewaretoken"]
    return fields


def test_a_refused_action_keeps_the_selection(boss, users, settings):
    """The page says why, and its button sends the same rows again."""
    settings.EPHEMERAL_TASKS = {"WINDOW_SIZE": 1, "WHEN_WINDOW_FULL": "refuse"}
    pool.pause()
    act(boss, users[:1])

    page = act(boss, users[1:3], path=FILTERED)

    html = page.content.decode()
    assert "All your operations are unfinished." in html
    assert link_back(html) == FILTERED
    pool.resume()
    drain()
    assert boss.post(FILTERED, fields_of(html)).status_code == 302
    drain()
    assert taken == [users[:1], users[1:3]]


def test_a_server_that_ends_says_so(boss, users):
    """Nothing is started, and nothing of the selection is lost."""
    pool.get()
    pool.drain(0)

    html = act(boss, users).content.decode()

    assert "The server is restarting. Try again in a moment." in html
    assert html.count('name="_selected_action"') == len(users)


def test_without_the_packages_routes_nothing_is_started(boss, users, settings):
    """The page would have no address; the error says which route is missing."""
    settings.ROOT_URLCONF = "tests.web.admin_bare_urls"

    with pytest.raises(NoReverseMatch, match="'ephemeral_tasks' is not a registered"):
        act(boss, users)

    assert pool.current() is None


def test_too_many_rows_are_refused(boss, users, settings):
    """Their keys may be as large as any other input; the list says so."""
    settings.EPHEMERAL_TASKS = {"MAX_INPUT_BYTES": 1024}
    User.objects.bulk_create(User(username=f"x{n}") for n in range(400))

    answer = act(boss, users[:1], select_across=1)

    assert answer.headers["Location"] == LIST
    html = boss.get(LIST).content.decode()
    assert "these are too many rows, their keys take more than 1.0\xa0KB" in html
    drain()
    assert taken == []


# -- declaring -------------------------------------------------------------------------


@task
def web_keys(keys):
    """Takes its rows under another name."""


@task
def web_year(ids, year):
    """Needs more than the rows."""


@pytest.mark.parametrize(
    ("refused", "message"),
    [
        (web_keys, "task 'web_keys' must take 'ids' to be an action"),
        (web_year, "task 'web_year' must require 'ids' alone .* action, got year"),
    ],
)
def test_a_task_that_cannot_take_the_rows_is_refused(refused, message):
    """When the action is declared, not when it is pressed."""
    with pytest.raises(TypeError, match=message):
        task_action(refused)
