"""The preview: what a visitor wrote, as HTML that does no harm."""

import re

import pytest

from demo_site.editor.templatetags.editor import PREVIEW_CHARACTERS, markdown


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
    """A page must not take a thread for seconds."""
    longest = "word " * (PREVIEW_CHARACTERS // 5)

    assert "word" in markdown(longest, "original")
    assert markdown(f"{longest}!", "original") == (
        "<p>This text is too long for a preview.</p>"
    )


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
