"""The whole journey, by socket, by polling, and without JavaScript."""

from playwright.sync_api import expect


def paragraphs(word, count=4):
    """A text of so many paragraphs, each with the word."""
    return "\n\n".join(f"Paragraph {n} is *{word}*." for n in range(count))


def test_a_sample_stands_in_the_form_when_it_is_chosen(visitor):
    """The samples menu fills the text."""
    menu = visitor.page.get_by_role("navigation", name="Start with a sample")

    menu.get_by_role("link").first.click()

    expect(visitor.page.get_by_label("Markdown")).not_to_have_value("")


def test_a_row_goes_from_running_with_progress_to_done(visitor, demo, gate):
    """The answer comes at once, the progress while it runs, the end by itself."""
    visitor.translate(paragraphs(f"gate-{gate}"))

    visitor.sees("English to Spanish", "paragraph 1 of 4")
    demo.let_through(gate, 2)
    visitor.sees("Running", "paragraph 3 of 4")
    demo.let_through(gate, 2)
    visitor.sees("Done", "Open")


def test_a_reload_in_the_middle_shows_the_same_progress_at_once(visitor, demo, gate):
    """The page comes with what is known, before any poll or push."""
    visitor.translate(paragraphs(f"gate-{gate}"))
    demo.let_through(gate, 2)
    visitor.sees("paragraph 3 of 4")

    visitor.page.reload()

    assert "paragraph 3 of 4" in visitor.rows.first.inner_text()


def test_a_finished_row_opens_both_texts_and_a_preview(visitor):
    """Original and translation stand side by side, and as a reader sees them."""
    visitor.translate("# Hut\n\nThe **red** [door](https://example.org).")
    visitor.sees("Done")

    visitor.act("Open")

    original = visitor.page.get_by_role("textbox", name="Original: English")
    translation = visitor.page.get_by_role("textbox", name="Translation: Spanish")
    expect(original).to_have_value("# Hut\n\nThe **red** [door](https://example.org).")
    expect(translation).to_have_value(
        "# HUT\n\nTHE **RED** [DOOR](https://example.org)."
    )
    preview = visitor.page.get_by_role("region", name="Preview of the translation")
    expect(preview.locator("strong")).to_have_text("RED")
    expect(preview.locator("a")).to_have_attribute("href", "https://example.org")


def test_a_translation_is_downloaded_as_markdown(visitor):
    """The file is the translation, byte for byte, named by its language."""
    visitor.translate("The **red** door.\n")
    visitor.sees("Done")
    visitor.act("Open")

    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("button", name="Download").click()

    assert download.value.suggested_filename == "translation.es.md"
    assert download.value.path().read_bytes() == b"THE **RED** DOOR.\n"


def test_a_finished_row_is_changed_and_run_again(visitor):
    """Its form comes back filled; the new operation stands above the old one."""
    visitor.translate("The\n*red* door.")
    visitor.sees("Done")

    visitor.act("Change…")
    heading = visitor.page.get_by_role("heading", name="Change and run again")
    expect(heading).to_be_visible()
    expect(visitor.page.get_by_label("Markdown")).to_have_value("The\n*red* door.")
    visitor.translate("The *blue* door.")

    visitor.sees("Done")
    expect(visitor.rows).to_have_count(2)
    visitor.act("Open")
    translation = visitor.page.get_by_role("textbox", name="Translation: Spanish")
    expect(translation).to_have_value("THE *BLUE* DOOR.")


def test_two_clicks_are_one_operation(visitor, gate):
    """Who clicks twice by accident gets one row."""
    visitor.translate(paragraphs(f"gate-{gate}"), clicks=2)
    visitor.sees("paragraph 1 of 4")

    visitor.page.reload()

    expect(visitor.rows).to_have_count(1)


def test_a_running_row_is_cancelled(visitor, gate):
    """Cancel ends it, and says so."""
    visitor.translate(paragraphs(f"gate-{gate}"))
    visitor.sees("Running")

    visitor.act("Cancel")

    visitor.sees("Cancelled", "Try again")


def test_a_failed_row_says_why_and_is_tried_again(visitor, demo, gate):
    """A failure is a sentence for a person; Try again takes the row's place."""
    visitor.translate(paragraphs(f"away-{gate}"))
    visitor.sees("Failed", "The engine does not answer. Try again in a moment.")
    demo.let_through(gate, 4)

    visitor.act("Try again")

    visitor.sees("Done")
    expect(visitor.rows).to_have_count(1)


def test_a_rehearsed_failure_fails_halfway(visitor):
    """Who wants to see a failure gets one that says it was asked for."""
    visitor.write(paragraphs("red"))
    visitor.page.get_by_label("Fail halfway").check()

    visitor.translate()

    visitor.sees("Failed", "As you asked, the engine failed halfway.")


def test_a_finished_row_is_removed(visitor):
    """Remove forgets it."""
    visitor.translate("The red door.")
    visitor.sees("Done")

    visitor.act("Remove")

    expect(visitor.rows).to_have_count(0)


def test_a_sixth_row_pushes_the_oldest_out(visitor, demo, gate):
    """Five stay; the oldest goes, though it runs, and is cancelled."""
    visitor.translate(paragraphs(f"gate-{gate}"))
    oldest = visitor.operation_id()
    for number in range(5):
        visitor.translate(f"The red door {number}.")
        expect(visitor.rows).to_have_count(min(number + 2, 5))

    assert visitor.get(f"tasks/{oldest}/").status == 404


def test_what_the_form_refuses_is_said_beside_its_field(visitor):
    """Without a language it is refused, and the text stays in the form."""
    visitor.choose()
    visitor.expect_status(400)

    visitor.translate("The red door.")

    expect(visitor.page.locator(".errorlist")).to_have_text("This field is required.")
    expect(visitor.page.get_by_label("Markdown")).to_have_value("The red door.")
