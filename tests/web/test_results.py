"""Results of every kind and size, as people and programs get them."""

import asyncio
import datetime
import json
import threading
import uuid
from decimal import Decimal
from html import unescape

import pytest
from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.db import connections
from django.utils.safestring import mark_safe

from ephemeral_tasks.web import result_text
from tests.web import tasks

pytestmark = pytest.mark.urls("tests.web.urls")


class Fails:
    """An object that no text can be made of."""

    def __init__(self, error):
        self.error = error

    def __str__(self):
        raise self.error

    __repr__ = __str__


class Needy:
    """A class that is made with an argument; a template would call it without."""

    def __init__(self, argument):
        self.argument = argument


class Mapping(dict):
    """A dictionary that cannot be read."""

    def items(self):
        """Fail."""
        raise LookupError("no items")


def nested(levels):
    """Lists in lists."""
    value = []
    for _ in range(levels):
        value = [value]
    return value


def ring():
    """A list that holds itself."""
    value = []
    value.append(value)
    return value


async def given(visitor, value):
    """The URL of a finished operation's result."""
    tasks.results["r"] = value
    row = await visitor.start("web_give", name="r")
    await visitor.until_status("SUCCESSFUL")
    return f"/tasks/{row['id']}/result/"


def text_in(response):
    """What stands in the result's element; None where a sentence stands instead."""
    html = response.content.decode()
    if '<pre class="operation-result"' not in html:
        return None
    return unescape(html.partition("<pre")[2].partition(">")[2].partition("</pre>")[0])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("<b>", "<b>"),
        (mark_safe("<b>bold</b>"), "<b>bold</b>"),
        ({"n": 3, "é": None}, '{\n  "n": 3,\n  "é": null\n}'),
        ([1, True], "[\n  1,\n  true\n]"),
        ((1, 2), "[\n  1,\n  2\n]"),
        ([], "[]"),
        (None, "null"),
        (True, "true"),
        (3, "3"),
        (Decimal("1.50"), "1.50"),
        (datetime.date(2026, 11, 26), "2026-11-26"),
        ({"id": uuid.UUID(int=1)}, f'{{\n  "id": "{uuid.UUID(int=1)}"\n}}'),
        ("é".encode(), "é"),
        ({1}, "{1}"),
        ("Caf\udce9.txt", "Caf\ufffd.txt"),
        (["\ud800"], '[\n  "\ufffd"\n]'),
        ("\ud83d\ude00", "😀"),
        (Needy, str(Needy)),
        (dict, "<class 'dict'>"),
        (ring(), "[[...]]"),
        (Mapping(a=1), "{'a': 1}"),
        ([float("nan")], "[nan]"),
    ],
)
async def test_a_result_as_people_read_it(visitor, value, text):
    """JSON for what JSON has, text for the rest, nothing as HTML."""
    url = await given(visitor, value)

    page = await visitor.get_page(url)
    piece = await visitor.get_htmx(url)

    assert (page.status_code, piece.status_code) == (200, 200)
    assert text_in(page) == text_in(piece) == text
    assert "download" not in page.content.decode()


@pytest.mark.parametrize(
    "value",
    [
        10**5000,
        [10**5000],
        nested(100_000),
        Fails(ValueError()),
        Fails(SystemExit()),
        [Fails(KeyError())],
        {"a": {"b": Fails(RuntimeError())}},
    ],
    ids=["digits", "digits inside", "levels", "error", "exit", "inside", "deep inside"],
)
async def test_what_no_text_can_show_is_a_sentence(visitor, value):
    """200 and a sentence for people, 406 for programs, no file."""
    url = await given(visitor, value)

    for page in (await visitor.get_page(url), await visitor.get_htmx(url)):
        assert page.status_code == 200
        assert text_in(page) is None
        assert "cannot be shown" in page.content.decode()
        assert "?download" not in page.content.decode()
    for program in (await visitor.get(url), await visitor.get(f"{url}?download")):
        assert program.status_code == 406
        assert program.json()["error"]["code"] == "not_serializable"


async def test_half_a_character_is_no_error_in_json(visitor):
    """JSON escapes it, a file has U+FFFD instead."""
    url = await given(visitor, ["Caf\udce9.txt"])

    assert (await visitor.get(url)).json()["result"] == ["Caf\udce9.txt"]
    file = await visitor.get(f"{url}?download")
    assert json.loads(file.content) == ["Caf\ufffd.txt"]


async def test_bytes_that_are_no_text_are_a_file(visitor):
    """The page offers them."""
    url = await given(visitor, b"\xff\x00\x01")

    page = (await visitor.get_page(url)).content.decode()
    file = await visitor.get_page(f"{url}?download")

    assert "cannot be shown" in page
    assert f'href="{url}?download"' in page
    assert file.content == b"\xff\x00\x01"
    assert file.headers["Content-Type"] == "application/octet-stream"
    assert file.headers["Content-Disposition"].startswith('attachment; filename="web_')
    assert file.headers["Cache-Control"] == "no-store"


LARGE = {
    "text": ("ab<" * 500_000, "txt"),
    "wide text": ("é😀" * 400_000, "txt"),
    "numbers": (list(range(300_000)), "json"),
    "one long text inside": ({"text": "x" * 3_000_000}, "json"),
    "bytes": (b"x" * 2_000_000, "txt"),
}


@pytest.mark.parametrize("name", LARGE)
async def test_a_page_shows_a_megabyte_and_offers_the_rest(visitor, name):
    """The beginning, a sentence, and the whole as a file."""
    value, kind = LARGE[name]
    url = await given(visitor, value)

    page = await visitor.get_page(url)
    shown = text_in(page)
    file = await visitor.get(f"{url}?download")

    assert "only the beginning" in page.content.decode()
    assert f'href="{url}?download"' in page.content.decode()
    whole = file.content.decode()
    assert whole.startswith(shown)
    assert result_text.SHOWN_BYTES - 4 < len(shown.encode()) <= result_text.SHOWN_BYTES
    assert f'.{kind}"' in file.headers["Content-Disposition"]
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    if kind == "json":
        assert json.loads(whole) == value
    else:
        assert whole == (value.decode() if isinstance(value, bytes) else value)


async def test_programs_get_the_whole_of_a_large_result(visitor):
    """As JSON, in the same form as a small one."""
    url = await given(visitor, LARGE["numbers"][0])

    answer = await visitor.get(url)

    assert answer.json()["status"] == "SUCCESSFUL"
    assert answer.json()["result"] == LARGE["numbers"][0]


@pytest.mark.parametrize(
    ("value", "is_large"),
    [
        (None, False),
        ("x" * 100_000, False),
        ("x" * 100_001, True),
        ([1] * 10_000, False),
        ([1] * 10_001, True),
        ([[1] * 6000, [1] * 6000], True),
        ({n: n for n in range(3000)}, False),
        ({n: n for n in range(5000)}, True),
        (["x" * 60_000, {"a": b"x" * 60_000}], True),
        (ring(), True),
        (nested(100_000), True),
        (object(), True),
        (Mapping(), True),
    ],
)
def test_what_is_large(value, is_large):
    """Seen without looking at all of it, and without running its own code."""
    assert result_text.is_large(value) is is_large


class Slow:
    """A result whose text takes as long as the test wants."""

    def __init__(self):
        self.gate = threading.Event()
        self.inside = threading.Semaphore(0)

    def __str__(self):
        self.inside.release()
        assert self.gate.wait(10)
        return "slow"

    def __reduce__(self):
        return (Slow, ())


async def test_at_most_two_large_results_are_written_at_once(visitor):
    """The third waits, and meanwhile the server answers everything else."""
    slow = Slow()
    url = await given(visitor, slow)
    await visitor.until_status("SUCCESSFUL")

    pages = [asyncio.ensure_future(_in_a_request(visitor, url)) for _ in range(3)]
    for _ in range(2):
        assert await asyncio.to_thread(slow.inside.acquire, timeout=10)
    others = [await _in_a_request(visitor, "/tasks/health/") for _ in range(20)]
    assert not slow.inside.acquire(blocking=False)
    assert [other.status_code for other in others] == [200] * 20

    slow.gate.set()
    assert [text_in(page) for page in await asyncio.gather(*pages)] == ["slow"] * 3


async def test_a_result_leads_back(visitor):
    """To `next`, or to the page that the visitor came from; of this site only."""
    url = await given(visitor, "a")

    by_referer = await visitor.get_page(url, Referer="http://testserver/plain/?a=1")
    by_next = await visitor.get_page(f"{url}?next=/plain/")
    without = await visitor.get_page(url, Referer="http://evil.example/")

    assert '<a href="/plain/?a=1">Back</a>' in by_referer.content.decode()
    assert '<a href="/plain/">Back</a>' in by_next.content.decode()
    assert "Back" not in without.content.decode()
    link = '<a href="/tasks/?language=en">All operations</a>'
    for page in (by_referer, by_next, without):
        assert link in page.content.decode()


@pytest.mark.urls("tests.web.below_urls")
async def test_a_large_result_is_downloaded_below_a_variable(visitor):
    """Its page has the address as all routes have it there."""
    tasks.results["a"] = "x" * (result_text.SHOWN_BYTES + 1)
    started = await visitor.post("/acme/tasks/start/web_give/", {"name": "a"})
    await visitor.until_status("SUCCESSFUL")
    path = f"/acme/tasks/{started.json()['id']}/result/"

    for page in (await visitor.get_page(path), await visitor.get_htmx(path)):
        assert f'href="{path}?download"' in page.content.decode()


async def _in_a_request(visitor, path):
    """What a browser gets, in threads of the request's own, as under a server."""
    async with ThreadSensitiveContext():
        try:
            return await visitor.get_page(path)
        finally:
            await sync_to_async(connections.close_all)()
