"""The demo's page "Ask", as a visitor uses it."""

import re

import pytest
from playwright.sync_api import expect

from demo_site.ask.model import Model

HOSTILE = """output => output.dispatchEvent(new CustomEvent("ephemeral-tasks:output", {
    bubbles: true, cancelable: true, detail: { id: "x", start: 0, end: 1, text:
    "## <img src=x onerror=alert(1)>\\n\\n**<b>bold</b>** <script>1</script>" } }))"""


@pytest.fixture
def ask(make_visitor):
    """Opens the page and asks; returns it with the answer's place on it."""

    def ask(question, *, asks_back=False):
        page = make_visitor().page
        page.get_by_role("link", name="Ask").click()
        page.get_by_label("Your question").fill(question)
        page.get_by_label("Ask me in the middle").set_checked(asks_back)
        page.get_by_role("button", name="Ask", exact=True).click()
        return page, page.locator(".ask-answer")

    return ask


def text_of(question, *parts):
    """What a reader sees of these parts of the answer."""
    model = Model(question)
    text = "".join(word for part in parts for word in model.write(part))
    return re.sub(r"[#*`]", "", text).strip()


def test_an_answer_grows_as_markdown_and_asks_in_the_middle(ask):
    """A reload finds what was there; the answer to its question ends it."""
    question = "What is a queue?"
    page, answer = ask(question, asks_back=True)
    opening = text_of(question, "opening")
    expect(answer).to_have_text(opening, use_inner_text=True)
    briefly = page.get_by_role("button", name="Briefly")
    expect(briefly).to_be_visible()

    page.reload()
    expect(answer).to_have_text(opening, use_inner_text=True)
    briefly.click()

    expect(page.locator(".task-output-note")).to_have_text("The output is complete.")
    whole = text_of(question, "opening", "closing")
    expect(answer).to_have_text(whole, use_inner_text=True)
    expect(answer.get_by_role("heading", level=2)).to_have_count(1)


def test_an_answer_is_stopped_in_the_middle(ask):
    """It keeps what was written, and says why there is no more of it."""
    question = "What is a lighthouse?"
    page, answer = ask(question, asks_back=True)
    opening = text_of(question, "opening")
    expect(answer).to_have_text(opening, use_inner_text=True)

    page.get_by_role("button", name="Cancel").click()

    expect(page.locator(".task-output-note")).to_have_text(
        "The operation was cancelled; this is what it had written."
    )
    expect(answer).to_have_text(opening, use_inner_text=True)


def test_no_answer_becomes_markup(ask):
    """Whatever a model writes is shown as text."""
    page, answer = ask("Why?")

    page.locator("task-output").evaluate(HOSTILE)

    expect(answer.get_by_role("heading")).to_contain_text("<img src=x")
    expect(answer.locator("strong").first).to_have_text("<b>bold</b>")
    assert answer.locator("img, script, b, i").count() == 0
