"""Every right on every route by every method, posted directly."""

from itertools import product

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.test import Client

from ephemeral_tasks import pool, submit, window
from ephemeral_tasks.testing import drain
from ephemeral_tasks.web.operators_rights import RIGHTS, rights_of
from tests.admin.conftest import PAGE
from tests.app import tasks

ROUTES = {
    "": "view",
    "data/": "view",
    "pause/": "pause",
    "resume/": "pause",
    "resize/": "resize",
    "cancel/{id}/": "cancel",
    "cancel-task/app_held/": "cancel",
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
FORM = "application/x-www-form-urlencoded"
ACTIONS = [route for route, right in ROUTES.items() if right != "view"]


@pytest.fixture
def id(owner, hold):
    """The id of an operation that runs."""
    handle = submit(owner, tasks.app_held, hold)
    hold.entered()
    return handle.id


def state(owner):
    """All that an action could change."""
    statistics = pool.statistics()
    rows = [(row.status, row.is_cancelling) for row in window(owner)]
    return statistics.is_paused, statistics.max_running, rows


def expected_status(right, method, rights):
    """The status of an answer to staff with these rights, on a route of this right."""
    if right not in rights:
        return 403
    if method in {"GET", "HEAD"}:
        return 200
    if method == "POST" and right != "view":
        return 302
    return 405


@pytest.mark.parametrize("rights", [(), *((right,) for right in RIGHTS), RIGHTS])
def test_a_right_opens_its_own_routes(make_client, owner, id, rights):
    """And no other route, whatever the method."""
    client, before = make_client(*rights), state(owner)
    wrong = []
    for (route, right), method in product(ROUTES.items(), METHODS):
        answer = client.generic(method, PAGE + route.format(id=id), "limit=3", FORM)
        if answer.status_code != expected_status(right, method, rights):
            wrong.append((route, method, answer.status_code))
        may_change = method == "POST" and right in rights
        if may_change and right == "cancel":
            drain()
        if state(owner) != before and not may_change:
            wrong.append((route, method, "changed something"))
        before = state(owner)

    assert wrong == []


@pytest.mark.parametrize(
    "fields",
    [None, {"is_staff": False}, {"is_active": False}],
    ids=["anonymous", "no staff", "inactive"],
)
def test_without_being_staff_there_is_a_login(make_client, owner, id, fields):
    """On every route, by every method, with all rights; nothing changes."""
    client = Client() if fields is None else make_client(*RIGHTS, **fields)
    before, wrong = state(owner), []
    for route, method in product(ROUTES, METHODS):
        answer = client.generic(method, PAGE + route.format(id=id), "limit=3", FORM)
        if not answer.headers.get("Location", "").startswith("/admin/login/"):
            wrong.append((route, method, answer.status_code))

    assert wrong == []
    assert state(owner) == before


@pytest.mark.parametrize("route", ACTIONS)
def test_a_post_without_a_token_is_refused(make_client, owner, id, route):
    """A page of another site cannot act in an operator's name."""
    client, before = make_client(*RIGHTS, is_csrf_checked=True), state(owner)

    answer = client.post(PAGE + route.format(id=id), {"limit": 3})

    assert answer.status_code == 403
    assert state(owner) == before


@pytest.mark.parametrize("route", ACTIONS)
def test_looking_at_a_confirmation_changes_nothing(operator, owner, id, route):
    """It is a page with a form, which works without JavaScript."""
    before = state(owner)

    answer = operator.get(PAGE + route.format(id=id))

    assert b'<form method="post"' in answer.content
    assert state(owner) == before


def test_superusers_have_all_rights():
    """Without a single permission of their own; anonymous visitors have none."""
    user = get_user_model().objects.create_superuser("root")

    assert rights_of(user) == {*RIGHTS}
    assert rights_of(AnonymousUser()) == set()


@pytest.mark.parametrize(
    ("rights", "is_listed"),
    [(("view",), True), (("pause", "resize", "cancel"), False), ((), False)],
)
def test_the_index_links_to_the_page_for_who_may_see_it(make_client, rights, is_listed):
    """Other rights lead to no page."""
    answer = make_client(*rights).get("/admin/")

    assert (PAGE.encode() in answer.content) is is_listed


def test_no_form_of_the_admin_reaches_the_model(operator):
    """There is nothing to add, change or delete."""
    paths = ["add/", "1/", "1/change/", "1/delete/", "1/history/"]

    statuses = [operator.get(PAGE + path).status_code for path in paths]

    assert statuses == [404] * len(paths)


@pytest.mark.parametrize("right", RIGHTS)
def test_a_control_is_shown_to_who_may_use_it(make_client, id, right):
    """A page offers nothing that would be refused."""
    content = make_client("view", right).get(PAGE).content.decode()

    offered = {
        "pause": "pause/" in content,
        "resize": "resize/" in content,
        "cancel": f"cancel/{id}/" in content and "cancel-task/" in content,
    }
    assert offered == {one: one == right for one in offered}
