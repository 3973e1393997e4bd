"""Front matter of every usual kind keeps every byte."""

import pytest

from demo_site.editor.templatetags.editor import markdown
from demo_site.translation.markdown import split

FRONT_MATTER = [
    "---\ntitle: The house\n---\n",
    "---\ntitle: The house\n...\n",
    "---toml\ntitle = 'The house'\n---\n",
    "-----\ntitle: The house\n-----\n",
    '+++\ntitle = "The house"\n\n# A comment\ndraft = true\n+++\n',
    ';;;\n"title": "The house"\n;;;\n',
    '{\n  "title": "The house",\n  "tags": [{"name": "a }"}]\n}\n',
    '{"title": "The house"}\n',
    # Pandoc's title block.
    "% The house\n",
    "% The house\n  by the lake\n% A. Author; B. Author\n  C. Author\n% May\n",
    "%\n% A. Author\n",
    # MultiMarkdown's headers, and those of Python-Markdown.
    "Title: The house\n",
    "Note: The house\nAuthor: A. Author\n    B. Author\nDate: May\n",
    "title:   The house\nbase header level: 2\nmy-key_1:\n",
]


@pytest.mark.parametrize("front", FRONT_MATTER)
@pytest.mark.parametrize("head", ["", "\ufeff"])
def test_front_matter_is_not_translated(head, front):
    """Only the text behind it is."""
    document = split(f"{head}{front}\nThe garden\n")

    assert document.texts == ["The garden"]
    assert document.join(["El jardín"]) == f"{head}{front}\nEl jardín\n"


@pytest.mark.parametrize("front", FRONT_MATTER)
def test_front_matter_may_have_any_line_ends_and_nothing_behind_it(front):
    """Windows writes it as well, and a file may hold nothing else."""
    assert split(front).texts == []
    assert split(front.replace("\n", "\r\n")).texts == []
    assert split(front.rstrip()).texts == []


@pytest.mark.parametrize("front", FRONT_MATTER)
def test_front_matter_is_not_in_the_preview(front):
    """It is data about the document."""
    html = markdown(f"{front}\nThe garden\n", "original")

    assert html.strip() == "<p>The garden</p>"


@pytest.mark.parametrize(
    "text",
    [
        "+++\n\nThe house",
        "+++ toml\n\nThe house\n\n+++",
        "The garden\n\n+++\n\nThe house\n\n+++",
        "> +++\n>\n> The house\n>\n> +++",
        '{"title": big}\n\nThe house',
        '{"title": "big"} is\n\nThe house',
        '{"title":' + "[" * 100_000 + "\n\nThe house",
        "The garden\n\n% The house",
        "%The house",
        "100 % yes\n\nThe house",
        "%\n%\n%\n%\n\nThe house",
        "% a\nThe house",
        "Note: be careful\n\nThe house",
        "Date: tomorrow\nPlace: here\n\nThe house",
        "Title: yes\nand no\n\nThe house",
        "Title: yes\n===\n\nThe house",
        "\nTitle: yes\n\nThe house",
        "> Title: yes\n\nThe house",
        "https://title:80\n\nThe house",
        "Title:" + " a" * 100_000 + "\nb\n\nThe house",
    ],
)
def test_text_that_only_looks_like_front_matter_is_translated(text):
    """It is unclosed, not at the head of the document, or no data."""
    assert any("The house" in each for each in split(text).texts)
