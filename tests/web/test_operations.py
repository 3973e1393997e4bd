"""One operation: looked at, fetched, cancelled, dismissed, tried again."""

import pytest

from ephemeral_tasks import pool, submission, windows
from ephemeral_tasks.pool.memory import Memory
from tests.web import tasks

pytestmark = pytest.mark.urls("tests.web.urls")


async def failed(visitor):
    """The id of an operation that failed."""
    row = await visitor.start("web_say", text="x", language="fr")
    await visitor.until_status("FAILED")
    return row["id"]


async def test_an_operation_in_three_forms(visitor):
    """A row as JSON, a row as HTML, a page."""
    id = (await visitor.held("a"))["id"]

    assert (await visitor.get(f"/tasks/{id}/")).json()["id"] == id
    assert (await visitor.get_htmx(f"/tasks/{id}/")).content.startswith(b"<tr")
    page = (await visitor.get_page(f"/tasks/{id}/")).content.decode()
    assert f'id="operation-{id}"' in page


async def test_progress_is_in_the_row_after_a_reload(visitor):
    """A reload mid-run shows the same percent."""
    id = (await visitor.held("a"))["id"]
    await visitor.until_status("RUNNING")

    row = (await visitor.get(f"/tasks/{id}/")).json()
    html = (await visitor.get_page("/tasks/")).content.decode()

    assert row["progress"] == {"done": 3, "total": 12, "message": "paragraph 3"}
    assert 'value="25"' in html
    assert "paragraph 3" in html


async def test_a_result_in_three_forms(visitor):
    """JSON, a piece of HTML, a page."""
    id = (await visitor.start("web_echo", text="<b>", language="es"))["id"]
    await visitor.until_status("SUCCESSFUL")

    assert (await visitor.get(f"/tasks/{id}/result/")).json() == {
        "id": id,
        "status": "SUCCESSFUL",
        "result": "<b> in es",
    }
    piece = (await visitor.get_htmx(f"/tasks/{id}/result/")).content.decode()
    page = (await visitor.get_page(f"/tasks/{id}/result/")).content.decode()
    assert piece.startswith("<pre")
    assert page.startswith("<!DOCTYPE html>")
    assert "&lt;b&gt; in es" in piece
    assert "&lt;b&gt; in es" in page


async def test_a_result_and_its_row_are_found_in_one_look(visitor, monkeypatch):
    """A dismissal between two looks would make a 404 of a fetched result."""
    id = (await visitor.start("web_echo", text="a", language="es"))["id"]
    await visitor.until_status("SUCCESSFUL")
    owner, read = await visitor.owner(), windows.read
    looks = []

    def read_and_dismiss(*args, **options):
        found = read(*args, **options)
        looks.append(found)
        if len(looks) == 1:
            submission.dismiss(owner, id)
        return found

    operation = pool.get().ledger.memory.get(id)
    monkeypatch.setattr(Memory, "get", lambda self, id: operation)
    monkeypatch.setattr(windows, "read", read_and_dismiss)

    assert (await visitor.get(f"/tasks/{id}/result/")).json()["result"] == "a in es"


async def test_a_task_may_have_a_result_page_of_its_own(visitor, tmp_path, settings):
    """`ephemeral_tasks/<task>/result.html` comes before the general one."""
    folder = tmp_path / "ephemeral_tasks" / "web_echo"
    folder.mkdir(parents=True)
    (folder / "result.html").write_text("own page: {{ result }}, {{ row.label }}")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [str(tmp_path)]}]
    id = (await visitor.start("web_echo", text="a", language="es"))["id"]
    await visitor.until_status("SUCCESSFUL")

    page = await visitor.get_page(f"/tasks/{id}/result/")

    assert page.content == b"own page: a in es, Echo"


async def test_cancelling_a_running_one_answers_with_its_row(visitor):
    """It is ending, or has ended."""
    id = (await visitor.held("a"))["id"]
    await visitor.until_status("RUNNING")

    response = await visitor.post(f"/tasks/{id}/cancel/")

    assert response.status_code == 200
    row = response.json()
    assert row["is_cancelling"] or row["status"] == "CANCELLED"
    await visitor.until_status("CANCELLED")


async def test_cancelling_again_changes_nothing(visitor):
    """The row is the same."""
    id = (await visitor.held("a"))["id"]
    await visitor.post(f"/tasks/{id}/cancel/")
    await visitor.until_status("CANCELLED")

    response = await visitor.post(f"/tasks/{id}/cancel/")

    assert response.status_code == 200
    assert response.json()["status"] == "CANCELLED"


async def test_dismissing_removes_the_row(visitor):
    """And says which."""
    id = await failed(visitor)

    response = await visitor.post(f"/tasks/{id}/dismiss/")

    assert response.status_code == 200
    assert response.json() == {"removed": id}
    assert (await visitor.get("/tasks/")).json() == {"operations": []}


async def test_trying_again_is_a_new_operation(visitor):
    """202, its row and place; the old one is gone."""
    id = await failed(visitor)

    response = await visitor.post(f"/tasks/{id}/retry/")

    assert response.status_code == 202
    new = response.json()["id"]
    assert response.headers["Location"] == f"/tasks/{new}/"
    rows = (await visitor.get("/tasks/")).json()["operations"]
    assert [row["id"] for row in rows] == [new]
    assert new != id


@pytest.mark.parametrize("action", ["cancel", "dismiss", "retry"])
async def test_htmx_gets_the_table_for_an_action(visitor, action):
    """The fragment that the button swaps."""
    id = await failed(visitor)
    if action == "cancel":
        await visitor.post(f"/tasks/{id}/dismiss/")
        id = (await visitor.held("a"))["id"]

    response = await visitor.post_htmx(f"/tasks/{id}/{action}/?task=web_hold")

    assert response.status_code == (202 if action == "retry" else 200)
    assert response.content.startswith(b'<tbody id="ephemeral-tasks-web_hold-rows"')


@pytest.mark.parametrize("action", ["dismiss", "retry"])
async def test_a_browser_is_not_sent_to_a_page_that_is_gone(visitor, action):
    """From the operation's own page it comes to the table."""
    id = await failed(visitor)

    response = await visitor.post_page(
        f"/tasks/{id}/{action}/", {"next": f"/tasks/{id}/"}
    )

    assert response.status_code == 303
    assert response.headers["Location"] == "/tasks/"


async def test_a_browser_comes_back_from_an_action(visitor):
    """A row's button without JavaScript: 303, and the page shows the change."""
    id = (await visitor.held("a"))["id"]

    response = await visitor.post_page(f"/tasks/{id}/cancel/", {"next": "/plain/"})
    await visitor.until_status("CANCELLED")

    assert response.status_code == 303
    assert response.headers["Location"] == "/plain/"
    assert "Cancelled" in (await visitor.get_page("/plain/")).content.decode()


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("get", "/tasks/{id}/"),
        ("get", "/tasks/{id}/result/"),
        ("post", "/tasks/{id}/cancel/"),
        ("post", "/tasks/{id}/dismiss/"),
        ("post", "/tasks/{id}/retry/"),
    ],
)
@pytest.mark.parametrize("has_owner", [True, False])
async def test_a_foreign_operation_is_as_unknown_as_none(
    visitor, stranger, verb, path, has_owner
):
    """404, and the same bytes but for nothing; its owner notices nothing."""
    id = (await visitor.held("a"))["id"]
    await visitor.until_status("RUNNING")
    if has_owner:
        await stranger.start("web_echo", text="a", language="es")

    foreign = await getattr(stranger, verb)(path.format(id=id))
    none = await getattr(stranger, verb)(path.format(id="f" * len(id)))

    assert foreign.status_code == none.status_code == 404
    assert foreign.content == none.content
    assert foreign.json()["error"]["code"] == "unknown_operation"
    assert submission.row(await visitor.owner(), id).status == "RUNNING"


async def test_five_stay(visitor):
    """A sixth pushes the oldest out."""
    ids = [(await visitor.held("a"))["id"] for _ in range(6)]

    rows = (await visitor.get("/tasks/")).json()["operations"]

    assert [row["id"] for row in rows] == ids[:0:-1]
    tasks.holds["a"].open()
