"""Users of the demo's admin become a CSV file."""

import pytest
from django.contrib.auth.models import Permission, User

from demo_site.people.tasks import export_users
from ephemeral_tasks import owner_of, result, window
from ephemeral_tasks.testing import drain

LIST = "/admin/auth/user/"


@pytest.fixture(autouse=True)
def site(as_demo, transactional_db):
    """The demo's site."""


def test_chosen_users_are_exported(admin_client, rf):
    """With the columns that anybody who sees the list sees, and no password."""
    User.objects.create_user("ann", "ann@example.com", "secret", first_name="Ann")
    bea = User.objects.create_user("bea", "bea@example.com", "secret")

    act(admin_client, bea)

    drain()
    request = rf.get("/")
    request.session = admin_client.session
    (row,) = window(owner_of(request))
    file = result(owner_of(request), row.id)
    lines = file.data.decode("utf-8-sig").splitlines()
    assert file.name == "users.csv"
    assert [line.partition(",")[0] for line in lines] == ["username", "bea"]
    assert "bea@example.com" in lines[1]
    assert bea.password not in file.data.decode()


def test_no_cell_is_a_formula():
    """A name that a visitor has chosen is not evaluated by a spreadsheet."""
    eve = User.objects.create_user("@eve", first_name="=1+1", last_name="a=b")

    file = export_users.func([str(eve.pk)])

    assert "'@eve,,'=1+1,a=b," in file.data.decode("utf-8-sig")


def test_who_may_not_view_users_exports_none(client):
    """A staff member without the right for this list."""
    ann = User.objects.create_user("ann", is_staff=True)
    ann.user_permissions.set(Permission.objects.filter(codename="view_group"))
    client.force_login(ann)

    assert act(client, ann).status_code == 403


def act(client, *users):
    """Choose users of the list, and the action."""
    ids = [user.pk for user in users]
    data = {"action": "export_users", "_selected_action": ids}
    return client.post(LIST, data)
