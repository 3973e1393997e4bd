"""The preview: what a visitor wrote, as HTML that does no harm."""

import re
from time import thread_time

import pytest

from demo_site.editor.forms import TEXT_CHARACTERS
from demo_site.editor.markdown_cost import cost_of
from demo_site.editor.preview import MAX_CHARACTERS, MAX_COST
from demo_site.editor.templatetags.editor import markdown

TOO_LONG = "<p>This text is too long or has too much markup for a preview.</p>"


def wide_table(columns):
    """A table with as many rows as columns; most of its cells are not written."""
    return f"{'|a' * columns}|\n{'|-' * columns}|\n" + "||\n" * columns


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        '<img src="x" onerror="alert(1)">',
        "[x](javascript:alert(1))",
        '<a href="javascript:alert(1)">x</a>',
        '<form action="https://example.org"><input name="password"></form>',
        '<p style="position: fixed">x</p>',
        '<iframe src="https://example.org"></iframe>',
        "<svg onload=alert(1)>",
    ],
)
def test_nothing_in_it_acts(hostile):
    """Scripts, handlers, forms, frames and styles are gone."""
    html = markdown(hostile, "original")

    for sign in ("<script", "onerror", 'href="javascript', "<form", "name=", "style="):
        assert sign not in html
    for sign in ("<iframe", "<svg", "onload"):
        assert f"{sign} " not in html.replace("&lt;", "")


def test_a_very_long_text_has_none():
    """Also if it is plain."""
    longest = "word " * (MAX_CHARACTERS // 5)

    assert "word" in markdown(longest, "original")
    assert markdown(f"{longest}!", "original") == TOO_LONG


def test_a_document_of_full_length_has_one():
    """With headings, lists, links, code and line ends of browsers."""
    page = (
        "## A heading\r\n\r\n"
        "Some words with *emphasis*, `code` and [a link](https://example.org/).\r\n"
        + 20 * "A line of prose, as long as lines of prose are in most files.\r\n"
        + "\r\n- one\r\n- two\r\n\r\n"
    )
    text = page * (TEXT_CHARACTERS // len(page))

    assert "<h2>A heading</h2>" in markdown(text, "original")


@pytest.mark.parametrize(
    "unit",
    ["[", "![", "![[](", "^[", "1. 1. 1. 1. a\n", "- [ ] a\n", "**a ", "&#", "<a:b>"],
)
def test_a_text_that_would_keep_a_thread_busy_has_none(unit):
    """Though it is no longer than what may be translated."""
    text = unit * (TEXT_CHARACTERS // len(unit))

    assert markdown(text, "original") == TOO_LONG


def test_a_table_of_empty_cells_has_none():
    """A text of 2,000 characters would be a table of 50,000 cells."""
    assert len(wide_table(225)) < 2_000
    assert markdown(wide_table(225), "original") == TOO_LONG
    assert "<td>" in markdown(wide_table(50), "original")


@pytest.mark.parametrize(
    "unit", ["![[](", "- [ ] a\n", "1. 1. 1. 1. a\n", "*a ", "[a](b)[]("]
)
def test_the_costliest_preview_takes_little_time(unit):
    """As many repetitions as are shown take 0.3 s of a processor, here at most 1 s."""
    text = unit * (MAX_COST // cost_of(unit))
    before = thread_time()

    assert markdown(text, "original") != TOO_LONG

    assert thread_time() - before < 1


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        ("plain words, without a mark.", 0),
        ("one\ntwo\n", 2 * 2),
        ("one\r\ntwo\r", 2 * 2),
        ("*a* - **b** 2026.", 6 + 1 + 5),
        ("[a](b)", 5 + 1),
        ("![a](b)", 1 + 5 + 1 + 15),
        ("> 1. 1. + a\n", 2 + 3 * 5 + 1 + 2),
        ("|a|b|\n|-|-|\n|c|\n\n", 8 + 2 + 4 * 2 + 2 * 9),
    ],
)
def test_cost_counts_marks_lines_and_cells(text, cost):
    """A table's short rows count like its widest."""
    assert cost_of(text) == cost


def test_it_shows_what_markdown_means():
    """Tables, strikethrough, code and quotes are there, front matter is not."""
    html = markdown(
        "---\ntitle: x\n---\n\n> ~~old~~ `code`\n\n| a |\n| - |\n| b |\n", "original"
    )

    for tag in ("<blockquote>", "<s>", "<code>", "<table>"):
        assert tag in html
    assert "title" not in html


def test_a_task_lists_boxes_cannot_be_ticked():
    """They show what is done."""
    html = markdown("- [x] done\n- [ ] to do\n", "original")

    assert html.count('type="checkbox"') == html.count("disabled") == 2
    assert html.count("checked=") == 1


@pytest.mark.parametrize("between", ["", "\n"])
def test_box_of_a_task_has_its_text_as_label(between):
    """Screen readers say what is done, in tight and in loose lists."""
    html = markdown(f"- [x] one *two*\n{between}- [ ] three\n", "original")

    labels = re.findall(r"<label><input[^>]*>(.*?)</label>", html)
    assert labels == [" one <em>two</em>", " three"]


@pytest.mark.parametrize("code", ["```\nx\n```", "    x", "<pre>x</pre>"])
def test_code_can_be_scrolled_with_the_keyboard(code):
    """Long lines scroll, and only what has focus scrolls by keys."""
    assert '<pre tabindex="0">' in markdown(code, "original")


def test_footnotes_of_two_texts_on_a_page_stay_apart():
    """Each text's links lead to its own notes."""
    one, two = (markdown("A[^1]\n\n[^1]: B\n", name) for name in ("one", "two"))

    assert 'href="#fn-one-1"' in one
    assert 'id="fn-one-1"' in one
    assert "-one-" not in two


def test_an_id_of_the_document_is_not_one_of_the_page():
    """Markdown cannot replace the table or the form by their ids."""
    assert "id=" not in markdown('<a id="ephemeral-tasks">x</a>', "original")
