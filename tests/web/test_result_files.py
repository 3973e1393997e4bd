"""Results that are files: sent under any name, never opened in a page."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ephemeral_tasks import ResultFile
from ephemeral_tasks.web.file_names import MAX_BYTES, clean_name, disposition_of
from tests.web import tasks

pytestmark = pytest.mark.urls("tests.web.urls")

PAGE = ResultFile("Ärzte <b>.html", b"<script>alert(1)</script>", "text/html")


async def returned(visitor, value=PAGE):
    """The row of an operation that returned the value."""
    tasks.results["r"] = value
    await visitor.start("web_give", name="r")
    (row,) = await visitor.until_status("SUCCESSFUL")
    return row


def url_of(row):
    """Where its result is."""
    return f"/tasks/{row.id}/result/"


# -- the answers -----------------------------------------------------------------------


async def test_a_file_is_sent_as_it_is(visitor):
    """With its own type, to be saved and not to be guessed at, whatever it holds."""
    row = await returned(visitor)

    for get in (visitor.get, visitor.get_page, visitor.get_htmx):
        response = await get(f"{url_of(row)}?download")
        assert response.status_code == 200
        assert response.content == PAGE.data
        assert response.headers["Content-Type"] == "text/html"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Content-Disposition"].startswith("attachment; ")
        assert response.headers["Cache-Control"] == "no-store"


async def test_a_rows_action_downloads_the_file(visitor):
    """It leads to the file itself, not to a page about it."""
    row = await returned(visitor)

    html = (await visitor.get_htmx("/tasks/")).content.decode()

    assert f'href="/tasks/{row.id}/result/?download"' in html
    assert ">Download</a>" in html
    assert ">Open</a>" not in html


async def test_other_results_are_opened(visitor):
    """As ever."""
    row = await returned(visitor, "text")

    html = (await visitor.get_htmx("/tasks/")).content.decode()

    assert re.search(f'href="/tasks/{row.id}/result/[^"]*".*>Open</a>', html)
    assert "?download" not in html


async def test_the_results_page_shows_name_and_size(visitor):
    """And a link to the file; nothing of its content."""
    row = await returned(visitor)

    for get in (visitor.get_page, visitor.get_htmx):
        html = (await get(url_of(row))).content.decode()
        assert "Ärzte &lt;b&gt;.html" in html
        assert "25 bytes" in html.replace("\xa0", " ")
        assert f'href="/tasks/{row.id}/result/?download"' in html
        assert "alert" not in html


async def test_programs_get_the_files_facts(visitor):
    """JSON holds no bytes; the address of the file is in it."""
    row = await returned(visitor)

    assert (await visitor.get(url_of(row))).json() == {
        "id": row.id,
        "status": "SUCCESSFUL",
        "result": {
            "name": "Ärzte <b>.html",
            "content_type": "text/html",
            "size": 25,
            "url": f"/tasks/{row.id}/result/?download",
        },
    }


async def test_another_visitors_file_is_unknown(visitor, stranger):
    """As another's result is."""
    row = await returned(visitor)
    await returned(stranger, "own")

    assert (await stranger.get(f"{url_of(row)}?download")).status_code == 404


async def test_a_files_name_is_in_no_row(visitor):
    """It is content; the row says that there is a file."""
    row = await returned(visitor)

    assert row.is_file
    assert "Ärzte" not in (await visitor.get_htmx("/tasks/")).content.decode()
    assert "Ärzte" not in repr(row)


# -- names -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("report.pdf", "report.pdf"),
        ('a "quoted" name.txt', 'a "quoted" name.txt'),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("C:\\temp\\a.txt", "C:_temp_a.txt"),
        ("a\r\nSet-Cookie: b\x00.txt", "a__Set-Cookie: b_.txt"),
        ("invoice\u202efdp.exe", "invoice_fdp.exe"),
        ("報告.pdf", "報告.pdf"),
        ("نمی‌دانم.txt", "نمی‌دانم.txt"),
        ("half \ud800.txt", "half _.txt"),
        ("", "result"),
        (" . .. ", "result"),
        (".profile", "profile"),
    ],
)
def test_a_name_is_made_safe(name, clean):
    """What no file can be named, or what would deceive, is replaced."""
    assert clean_name(name) == clean


def test_a_very_long_name_keeps_its_suffix():
    """Within what file systems take, in whole characters."""
    name = clean_name("é" * 5000 + ".pdf")

    assert name.endswith("é.pdf")
    assert MAX_BYTES - 2 < len(name.encode()) <= MAX_BYTES


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("report.pdf", 'attachment; filename="report.pdf"'),
        (
            "é.pdf",
            "attachment; filename=\"e.pdf\"; filename*=UTF-8''%C3%A9.pdf",
        ),
        (
            'a"b%41.txt',
            "attachment; filename=\"a_b_41.txt\"; filename*=UTF-8''a%22b%2541.txt",
        ),
    ],
)
def test_a_header_names_the_file_for_old_clients_and_new_ones(name, header):
    """RFC 6266: a plain name in quotes, and the whole one where that says less."""
    assert disposition_of(name) == header


@given(st.text(st.characters(exclude_categories=()), max_size=400))
@example("\u202e" * 300)
@example("a" * 10_000 + "." + "b" * 10_000)
def test_any_name_is_sent_whole_and_does_no_harm(name):
    """One line of ASCII, from which a client reads the clean name again."""
    header = disposition_of(name)

    match = re.fullmatch(
        r"""attachment; filename="([^"\\%]+)"(?:; filename\*=UTF-8''([\w.~%-]+))?""",
        header,
        re.ASCII,
    )
    plain, whole = match.groups()
    read = plain if whole is None else unquote(whole, errors="strict")
    assert header.isascii()
    assert header.isprintable()
    assert read == clean_name(name) == clean_name(read)
    assert 0 < len(read.encode()) <= MAX_BYTES
    assert not {"/", "\\", "\u202e"} & {*read}
    assert read not in {".", ".."}
