"""The editor: several languages, a text that grows, the textarea's tools, the admin."""

import io
import zipfile

from playwright.sync_api import expect

from tests.browser.axe import violations
from tests.browser.test_visitors import log_in

ORIGINAL = "The *red* door.\n"
LONG = "\n\n".join(f"Paragraph {number}." for number in range(60))


def test_two_languages_are_one_row_and_two_tabs(make_visitor, demo, gate):
    """One bar for both; keys move between the tabs; the files are there at once."""
    visitor = make_visitor(bypass_csp=True)  # axe-core sets styles while it looks
    page = visitor.page
    visitor.choose("fr", "es")
    visitor.translate(f"Door at gate-{gate}.\n\nSecond at gate-{gate}.")
    demo.let_through(gate, 2)
    visitor.sees("English to French and Spanish", "Spanish, paragraph 1 of 2")
    assert page.locator("progress").get_attribute("value") == "50"
    demo.let_through(gate, 2)
    visitor.sees("Done")
    visitor.act("Open")

    french, spanish = page.get_by_role("tab").all()
    expect(french).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("tabpanel")).to_have_count(1)
    french.focus()
    page.keyboard.press("ArrowRight")

    expect(spanish).to_be_focused()
    box = page.get_by_role("tabpanel", name="Spanish").get_by_role("textbox")
    expect(box).to_have_value(f"DOOR AT GATE-{gate}.\n\nSECOND AT GATE-{gate}.".upper())
    expect(page.get_by_role("tabpanel")).to_have_count(1)
    assert violations(page) == []
    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    with page.expect_download() as download:
        page.get_by_role("button", name="Download all").click()
    archive = zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes()))
    assert archive.namelist() == ["translation.fr.md", "translation.es.md"]


def test_without_a_script_all_languages_are_on_the_page(make_visitor):
    """The links lead to them; what failed is named and can be tried alone."""
    visitor = make_visitor(has_script=False)
    page = visitor.page
    visitor.choose("fr", "es")
    visitor.translate(f"{ORIGINAL}\nNo never-fr.")
    visitor.sees("Done")
    visitor.act("Open")
    expect(page.get_by_text("There is no translation: French")).to_be_visible()
    page.get_by_role("link", name="French (français)").click()
    visitor.translate(ORIGINAL)
    visitor.sees("Done", "English to French")
    visitor.act("Change…")
    visitor.choose("fr", "es")
    visitor.translate(ORIGINAL)
    visitor.sees("Done", "English to French and Spanish")

    visitor.act("Open")

    for name in ("French", "Spanish"):
        expect(page.get_by_role("textbox", name=f"Translation: {name}")).to_be_visible()
    page.get_by_role("link", name="Spanish (español)").click()
    assert page.url.endswith("#in-es")


def test_a_translation_grows_paragraph_by_paragraph(visitor, demo, gate):
    """Where it was started, and the same after a reload; code comes as it is."""
    visitor.translate(f"# At gate-{gate}\n\n```\nopen\n```\n\nAt gate-{gate}.\n\nEnd.")
    visitor.sees("Running")
    growing = visitor.page.locator("#editor-growing")
    demo.let_through(gate)
    visitor.sees("paragraph 2 of 3")

    expect(growing.locator(".task-output-text")).to_have_text(
        f"# AT GATE-{gate.upper()}\n\n```\nopen\n```\n\n"
    )
    visitor.page.reload()
    expect(growing.locator(".task-output-text")).to_contain_text("open")
    demo.let_through(gate)
    visitor.sees("Done")
    if visitor.has_script:
        expect(growing).to_contain_text("END.")


def test_a_text_is_not_translated_into_its_own_language(make_visitor):
    """The language is not offered; what is chosen instead, is."""
    visitor = make_visitor()
    page = visitor.page
    targets = page.get_by_role("group", name="To").get_by_role("checkbox")
    expect(targets).to_have_count(2)
    expect(page.get_by_role("checkbox", name="Spanish")).to_be_checked()

    page.get_by_role("combobox", name="From").select_option("es")

    expect(page.get_by_role("checkbox", name="Spanish")).to_have_count(0)
    expect(page.get_by_role("checkbox", name="English")).not_to_be_checked()
    page.get_by_role("combobox", name="From").select_option("en")
    expect(targets).to_have_count(2)


def test_the_textarea_has_tools(make_visitor):
    """Marks by button and key, a count, and a preview in which nothing acts."""
    visitor = make_visitor()
    page = visitor.page
    text = page.get_by_label("Markdown")
    text.fill("red")
    text.select_text()

    page.get_by_role("button", name="Bold").click()
    page.get_by_role("toolbar").get_by_role("button", name="Bold").press("ArrowRight")
    page.keyboard.press("Enter")

    expect(text).to_have_value("**_red_**")
    expect(page.get_by_text("9 of 100,000 characters")).to_be_visible()
    page.locator("summary").click()
    preview = page.get_by_role("group", name="Preview")
    expect(preview.locator("strong em")).to_have_text("red")
    text.fill('<b onclick="alert(1)">green</b> *blue*')
    expect(preview.locator("em")).to_have_text("blue")
    assert preview.locator("[onclick]").count() == 0


def test_a_text_that_is_too_long_is_said_before_it_is_sent(make_visitor):
    """Nothing that was pasted is cut, and the server says the same."""
    visitor = make_visitor()
    page = visitor.page
    visitor.write("x" * 100_001)

    expect(page.get_by_role("status").filter(has_text="too long")).to_be_visible()
    visitor.expect_status(400)
    visitor.translate()
    expect(page.locator(".errorlist")).to_contain_text("at most 100000 characters")
    visitor.write("short")
    expect(page.get_by_role("status").filter(has_text="too long")).to_have_count(0)


def test_unsaved_work_is_not_left_without_a_word(make_visitor):
    """Until the text was accepted, also after a refusal; a sample is no work."""
    visitor = make_visitor()
    page = visitor.page
    warnings = []
    page.on("dialog", lambda dialog: (warnings.append(dialog.type), dialog.dismiss()))
    sample = page.get_by_role("link", name="Mountain hut")
    visitor.write("A new text.")
    visitor.expect_status(400)
    visitor.choose()
    visitor.translate()
    expect(page.locator(".errorlist")).to_be_visible()

    sample.click()

    assert warnings == ["beforeunload"]
    visitor.choose("es")
    visitor.translate()
    visitor.sees("Done")
    for _ in range(2):
        sample.click()
        page.wait_for_url("**/?sample=*")
    assert warnings == ["beforeunload"]


def test_both_sides_of_a_result_scroll_together(make_visitor):
    """Texts and previews, either way, and a language that was hidden follows."""
    visitor = make_visitor()
    page = visitor.page
    visitor.choose("fr", "es")
    visitor.translate(LONG)
    visitor.sees("Done")
    visitor.act("Open")
    end = "element => { element.scrollTop = element.scrollHeight; }"
    is_at_end = """id => {
        const {clientHeight, scrollHeight, scrollTop} = document.getElementById(id);
        return scrollTop > 0 && scrollHeight - scrollTop - clientHeight < 2;
    }"""

    page.locator("#translation-fr").evaluate(end)

    page.wait_for_function(is_at_end, arg="original")
    page.get_by_role("tab", name="Spanish").click()
    page.wait_for_function(is_at_end, arg="translation-es")
    page.locator("#original").evaluate("element => { element.scrollTop = 0; }")
    page.wait_for_function(
        "() => document.querySelector('#translation-es').scrollTop === 0"
    )


def test_staff_translate_in_the_admin(make_visitor, demo):
    """From its first page to a result and back, and without a violation."""
    visitor = make_visitor(bypass_csp=True)
    visitor.expect_status(404)  # the admin's own pages have no icon
    page = visitor.page
    log_in(visitor, demo)
    page.get_by_role("link", name="Administration").click()
    page.get_by_role("main").get_by_role("link", name="Translate Markdown").click()
    expect(page.locator("#nav-sidebar")).to_be_attached()

    visitor.translate(ORIGINAL)
    visitor.sees("Done")
    found = violations(page)
    visitor.act("Open")
    page.get_by_role("button", name="Back to the editor").click()

    assert page.url.endswith("/admin/translate/")
    assert found == []
