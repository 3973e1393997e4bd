"""The messages in `docs/messages.schema.json` are those that are sent."""

import json

import pytest
from jsonschema import Draft202012Validator

from ephemeral_tasks.web import refusals
from tests.layers import ROOT
from tests.web import tasks

pytestmark = pytest.mark.urls("tests.web.urls")

SCHEMA = json.loads((ROOT / "docs" / "messages.schema.json").read_text())


def check(message, name):
    """Fail where the message is none of this name."""
    schema = {"$schema": SCHEMA["$schema"], "$ref": f"#/$defs/{name}"}
    validator = Draft202012Validator({**schema, "$defs": SCHEMA["$defs"]})
    validator.validate(message)


def test_the_schema_is_one():
    """Of the draft that it names."""
    Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_has_each_code():
    """Those of the refusals, and no other."""
    listed = SCHEMA["$defs"]["error"]["properties"]["code"]["enum"]

    assert sorted(listed) == sorted({code for code, _ in refusals._CODES.values()})


class Traffic:
    """A socket whose messages are held to the schema, in both directions."""

    def __init__(self, socket):
        self.socket = socket
        self.kinds = set()

    async def send(self, **message):
        """Send a message that the schema knows."""
        check(message, "to_server")
        await self.socket.send_json_to(message)

    async def until(self, kind):
        """The next message of this kind; each one until then is known."""
        while True:
            message = await self.socket.receive_json_from()
            check(message, "from_server")
            self.kinds.add(message["type"])
            if message["type"] == kind:
                return message


async def test_a_sockets_messages_are_as_the_schema_says(visitor, make_socket):
    """Rows of each state, outputs, removals and errors, and the client's commands."""
    id = await visitor.writing("a", "b")
    failed = await visitor.start("web_fail_writing", name="f")
    traffic = Traffic(await make_socket(visitor, is_json=True).opened())
    await traffic.until("table")

    await traffic.send(type="watch", id=id, request={"any": ["thing"]})
    await traffic.until("output")
    await traffic.send(type="watch", id=id, start=0, attempt=1)
    tasks.holds["w"].pass_one()
    await traffic.until("output")
    await traffic.send(type="unwatch", id=id)
    await traffic.send(type="cancel", id=id, request=1)
    await traffic.until("row")
    await visitor.until(lambda rows: all(row.is_finished for row in rows))
    await traffic.send(type="dismiss", id=id)
    await traffic.until("removed")
    asked = await visitor.start("web_ask")
    await visitor.until(lambda rows: rows[0].question)
    await traffic.send(type="answer", id=asked["id"], number=1, answer="Overwrite")
    await traffic.until("row")
    await traffic.send(type="answer", id=asked["id"], number=9, data={})
    await traffic.until("error")
    await traffic.send(type="retry", id=failed["id"])
    await traffic.until("removed")
    await traffic.send(type="submit", task="web_echo", data={"text": "a"})
    await traffic.until("error")
    await traffic.send(type="watch", id="unknown")
    await traffic.until("error")
    await traffic.send(type="cancel", id=failed["id"])
    await traffic.until("error")

    assert traffic.kinds == {"table", "row", "removed", "error", "output"}


async def test_the_routes_answers_are_as_the_schema_says(visitor):
    """A row, an output, and what refuses."""
    id = await visitor.writing("a")

    check((await visitor.get(f"/tasks/{id}/")).json(), "row")
    check((await visitor.get(f"/tasks/{id}/output/")).json(), "output")
    for refused in (
        await visitor.get("/tasks/unknown/output/"),
        await visitor.get(f"/tasks/{id}/output/?start=x"),
        await visitor.get(f"/tasks/{id}/result/"),
        await visitor.post(f"/tasks/{id}/answer/", {"number": 1}),
        await visitor.post(f"/tasks/{id}/answer/", {"number": "x"}),
        await visitor.post(f"/tasks/{id}/dismiss/"),
    ):
        check(refused.json(), "refusal")
