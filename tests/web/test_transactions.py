"""A site that wraps its requests in transactions."""

import pytest
from django.db import connections

pytestmark = pytest.mark.urls("tests.web.urls")


@pytest.fixture(params=["default", "added later"])
def atomic_requests(request, monkeypatch):
    """ATOMIC_REQUESTS is on for a database, which a running site may have added."""
    options = {**connections.settings["default"], "ATOMIC_REQUESTS": True}
    monkeypatch.setitem(connections.settings, request.param, options)


async def test_every_route_answers_under_atomic_requests(visitor, atomic_requests):
    """Django refuses async views in a transaction; ours ask for none."""
    row = await visitor.start("web_echo", text="hello", language="es")
    await visitor.until_status("SUCCESSFUL")
    path = f"/tasks/{row['id']}/"

    answers = {
        "table": await visitor.get("/tasks/"),
        "health": await visitor.get("/tasks/health/"),
        "operation": await visitor.get(path),
        "result": await visitor.get(f"{path}result/"),
        "cancel": await visitor.post(f"{path}cancel/"),
        "retry": await visitor.post(f"{path}retry/"),
        "dismiss": await visitor.post(f"{path}dismiss/"),
    }

    assert {name: answer.status_code for name, answer in answers.items()} == {
        "table": 200,
        "health": 200,
        "operation": 200,
        "result": 200,
        "cancel": 409,
        "retry": 409,
        "dismiss": 200,
    }
