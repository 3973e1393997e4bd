"""What arrives at any reader is what was written, whatever is dropped on the way."""

import asyncio
import html
import json
import random
import re

import pytest
from channels.sessions import SessionMiddlewareStack

from ephemeral_tasks import aoutput
from ephemeral_tasks.core import LoopClock
from ephemeral_tasks.web.consumers import TaskConsumer
from tests.web import tasks

pytestmark = pytest.mark.urls("tests.web.urls")

PIECES = 10_000
BURSTS = 40
# What breaks texts: parts of one sign, directions, ends of lines, markup, controls.
ALPHABET = [
    *("a", "é", "ß", "\u0301", "日本", "<b>", "&amp;", "</pre>", "{{", "}}", "%s"),
    *("'", '"', "\\", " ", "\t", "\n", "\r", "\r\n", "\x85", "\u2028", "\ufeff"),
    *("\x00", "\x01", "\x1f", "\x7f", "\u200d", "\u202e", "\ufffe", "\U0010ffff"),
    *("\U0001f600", "\U0001f469\u200d\U0001f469\u200d\U0001f467"),
]


class QuickClock(LoopClock):
    """Time in which a pause is a turn of the loop."""

    def call_later(self, delay, callback):
        """Call at once."""
        return super().call_later(0, callback)


class Written:
    """Pieces of every kind, of which each reading lets one more burst out."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        pieces = [
            "".join(self.random.choices(ALPHABET, k=self.random.randint(1, 5)))
            for _ in range(PIECES)
        ]
        self.bursts = [pieces[at::BURSTS] for at in range(BURSTS)]
        self.whole = "".join("".join(burst) for burst in self.bursts)

    def has_bad_luck(self):
        """Return whether a reader loses its connection now."""
        tasks.holds["w"].pass_one()
        return self.random.random() < 0.3


async def read_by_call(written, visitor, id):
    """A program in this process."""
    owner, found, place = await visitor.owner(), "", (0, None)
    while True:
        piece = await aoutput(owner, id, *place)
        if written.has_bad_luck():
            continue  # what it got is lost, and asked for again
        found, place = found + piece.text, (piece.end, piece.attempt)
        if piece.is_finished and not piece.text:
            return found


async def read_by_request(written, visitor, id):
    """A program that asks, and waits for some of the answers."""
    found, query = "", ""
    while True:
        wait = {"Prefer": "wait=5"} if written.random.random() < 0.5 else {}
        asked = asyncio.create_task(visitor.get(f"/tasks/{id}/output/?{query}", **wait))
        if written.has_bad_luck():
            asked.cancel()
            await asyncio.wait([asked])
            continue
        piece = (await asked).json()
        found += piece["text"]
        query = f"start={piece['end']}&attempt={piece['attempt']}"
        if piece["is_finished"] and not piece["text"]:
            return found


async def read_by_fragments(written, visitor, id):
    """A page of htmx, whose parser has NUL as U+FFFD."""
    found, url = "", f"/tasks/{id}/output/"
    while url:
        fragment = (await visitor.get_htmx(url)).text
        if written.has_bad_luck():
            continue
        text, _, asker = fragment.partition("<span hx-get=")
        text = text.removeprefix('<pre class="task-output-text">\n')
        found += text.removesuffix("</pre>")
        url = html.unescape(asker.split('"')[1]) if asker else ""
    return re.sub("&(.*?);", lambda reference: UNESCAPED[reference[1]], found)


UNESCAPED = {"lt": "<", "gt": ">", "amp": "&", "#x27": "'", "quot": '"', "#13": "\r"}


async def read_by_socket(written, visitor, id, make_socket):
    """A page's socket that is opened again each time that it is lost."""
    served_by = SessionMiddlewareStack(TaskConsumer.as_asgi(clock=QuickClock()))
    found, place = "", {}
    while True:
        socket = await make_socket(visitor, served_by=served_by).opened()
        await socket.send_json_to({"type": "watch", "id": id, **place})
        while not written.has_bad_luck():
            frame = await socket.receive_from(timeout=10)
            if not frame.startswith("{"):
                continue
            piece = json.loads(frame)
            assert piece["start"] == place.get("start", 0)
            found += piece["text"]
            place = {"start": piece["end"], "attempt": piece["attempt"]}
            if piece["is_finished"] and not piece["text"]:
                await socket.disconnect()
                return found
        await socket.disconnect()


@pytest.mark.parametrize("seed", range(3))
async def test_each_reader_gets_what_was_written(settings, visitor, make_socket, seed):
    """Nothing is lost and nothing comes twice: 10,000 pieces of every kind."""
    settings.EPHEMERAL_TASKS = {"MAX_SOCKETS_PER_OWNER": 50}
    written = Written(seed)
    tasks.bursts["w"] = written.bursts
    row = await visitor.start("web_write_bursts", name="w")

    async with asyncio.timeout(30):
        found = await asyncio.gather(
            read_by_call(written, visitor, row["id"]),
            read_by_request(written, visitor, row["id"]),
            read_by_fragments(written, visitor, row["id"]),
            *(
                read_by_socket(written, visitor, row["id"], make_socket)
                for _ in range(3)
            ),
        )

    assert [text == written.whole for text in found] == [True] * len(found)
