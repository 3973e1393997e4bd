"""The demo's page "Ask", as a visitor uses it."""

from playwright.sync_api import expect

HOSTILE = """output => output.dispatchEvent(new CustomEvent("ephemeral-tasks:output", {
    bubbles: true, cancelable: true, detail: { id: "x", start: 0, end: 1, text:
    "## <img src=x onerror=alert(1)>\\n\\n**<b>bold</b>** <script>1</script>" } }))"""


def test_an_answer_grows_as_markdown_and_asks_in_the_middle(make_visitor):
    """A reload finds it again; the answer to its question ends it; all is announced."""
    page = make_visitor().page
    page.get_by_role("link", name="Ask").click()
    page.get_by_label("Your question").fill("What is a queue?")
    page.get_by_label("Ask me in the middle").check()
    page.get_by_role("button", name="Ask", exact=True).click()
    answer = page.locator(".ask-answer")
    expect(answer.get_by_role("heading")).not_to_be_empty()

    page.reload()
    expect(answer.get_by_role("heading")).not_to_be_empty()
    page.get_by_role("button", name="Briefly").click(timeout=20_000)

    note = page.locator(".task-output-note")
    expect(note).to_have_text("The output is complete.", timeout=20_000)
    expect(answer.get_by_role("listitem")).to_have_count(0)
    assert "**" not in answer.inner_text()


def test_no_answer_becomes_markup(make_visitor):
    """Whatever a model writes is shown as text."""
    page = make_visitor().page
    page.goto(page.url + "ask/")
    page.get_by_label("Your question").fill("Why?")
    page.get_by_role("button", name="Ask", exact=True).click()

    page.locator("task-output").evaluate(HOSTILE)

    answer = page.locator(".ask-answer")
    expect(answer.get_by_role("heading")).to_contain_text("<img src=x")
    expect(answer.locator("strong").first).to_have_text("<b>bold</b>")
    assert answer.locator("img, script, b, i").count() == 0
