"""How the table looks: in any place, under any framework, for anybody's eyes."""

import pytest
from playwright.sync_api import expect

WIDE = {"width": 900, "height": 700}
NARROW = {"width": 320, "height": 700}
ENOUGH_CONTRAST = 4.5  # WCAG 2.2, 1.4.3
BACKGROUNDS = [
    ("#ffffff", "#000000"),
    ("#f8f8f8", "#333333"),  # an odd row of Django's admin
    ("#eeeeee", "#333333"),
    ("#121212", "#eeeeee"),  # the admin, dark
    ("#212529", "#dee2e6"),  # Bootstrap, dark
]
CONTRAST = """(element, [back, front]) => {
    document.body.style.color = front;
    const brush = document.createElement("canvas").getContext("2d");
    const luminance = (...colours) => {
        colours.forEach((colour) => {
            brush.fillStyle = colour;
            brush.fillRect(0, 0, 1, 1);
        });
        const pixel = [...brush.getImageData(0, 0, 1, 1).data];
        const [red, green, blue] = pixel.map((part) => part / 255).map((part) =>
            part <= 0.04 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const text = luminance(back, getComputedStyle(element).color);
    const behind = luminance(back);
    return (Math.max(text, behind) + 0.05) / (Math.min(text, behind) + 0.05);
}"""


@pytest.mark.parametrize("viewport", [WIDE, NARROW])
def test_long_words_make_no_page_wider(make_guest, viewport):
    """A message, a shown value and a label break where they must."""
    guest = make_guest("say/", viewport=viewport)

    guest.submit("w" * 40)
    guest.sees("Running")

    wide = guest.page.evaluate("document.documentElement.scrollWidth")
    assert wide == viewport["width"]


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_an_output_and_a_question_fit_a_small_telephone(make_guest, direction):
    """Nothing of them has to be moved sideways, whatever way the page is written."""
    guest = make_guest("wide/", viewport=NARROW)
    guest.submit()
    guest.sees("Waiting for your answer")
    id = guest.rows.first.get_attribute("id").removeprefix("operation-")

    guest.page.goto(f"{guest.url}telling/{id}/?direction={direction}")

    expect(guest.page.locator(".task-output-text")).to_have_text("w" * 200)
    keep = guest.page.get_by_role("button", name="Keep")
    assert keep.bounding_box()["y"] > bottom_of(guest.page.locator(".is-answer").first)
    wide = guest.page.evaluate("document.documentElement.scrollWidth")
    assert wide == NARROW["width"]


def bottom_of(locator):
    """Where the element ends, in pixels from the top, with some space below it."""
    box = locator.bounding_box()
    return box["y"] + box["height"] + 4


def test_a_table_beside_something_has_a_width(make_guest):
    """In a flex row it takes what is left, and does not collapse."""
    guest = make_guest("flex/", viewport=WIDE)
    guest.start()

    assert guest.page.locator(".ephemeral-tasks").bounding_box()["width"] > 500
    assert guest.page.evaluate("document.documentElement.scrollWidth") == WIDE["width"]


def test_a_frameworks_reset_leaves_lines_caption_and_buttons(make_guest):
    """Their rules for bare elements are weaker than one class of ours."""
    guest = make_guest("framework/", viewport=WIDE)
    guest.submit()
    guest.sees("Running")
    top = guest.page.locator("caption").bounding_box()["y"]

    assert top < guest.page.locator("thead").bounding_box()["y"]
    expect(guest.rows.locator("td").first).to_have_css("border-bottom-width", "1px")
    button = guest.page.get_by_role("button", name="Cancel")
    expect(button).to_have_css("border-radius", "5px")
    expect(button).to_have_css("border-top-width", "1px")


def test_forced_colours_leave_the_bar_and_the_marks(make_guest, sites):
    """The bar has a frame, and each state a shape that needs no background."""
    guest = make_guest("plain/", forced_colors="active")
    guest.start()
    shapes = {shape(guest)}
    expect(guest.page.locator("progress")).to_have_css("border-top-width", "1px")

    guest.page.get_by_role("button", name="Cancel").click()
    guest.sees("Cancelled")
    shapes.add(shape(guest))
    guest.submit()
    sites.let_through(guest.gate)
    guest.sees("Done")
    shapes.add(shape(guest))

    assert len(shapes) == 3


def shape(guest):
    """What the mark beside the newest row's state looks like without colours."""
    return guest.rows.first.locator(".operation-status").evaluate(
        """status => {
            const mark = getComputedStyle(status, "::before");
            return [mark.borderWidth, mark.borderRadius, mark.rotate].join();
        }"""
    )


def test_numbers_keep_their_order_on_a_page_from_right_to_left(make_guest):
    """2 of 20 is not 20 of 2."""
    guest = make_guest("rtl/")
    guest.start()
    guest.sees("2 of 20")

    # In one call: between two, a push may take the element out of the page.
    first, last = guest.page.evaluate(
        """() => {
            const note = document.querySelector("progress + .operation-note bdi");
            return [0, note.firstChild.length - 1].map((at) => {
                const range = document.createRange();
                range.setStart(note.firstChild, at);
                range.setEnd(note.firstChild, at + 1);
                return range.getBoundingClientRect().x;
            });
        }"""
    )
    assert first < last


def test_the_badge_is_one_box_on_a_page_from_right_to_left(make_guest):
    """Its number is not laid out with the text before it."""
    guest = make_guest("rtl/")
    guest.start()
    badge = guest.page.locator(".ephemeral-tasks-count")
    expect(badge).to_contain_text("1 unfinished operation")

    assert badge.evaluate("badge => badge.getClientRects().length") == 1


@pytest.mark.parametrize("locale", ["en", "de", "es", "fr"])
@pytest.mark.parametrize("viewport", [WIDE, NARROW])
def test_no_other_action_takes_the_place_of_cancel(make_guest, viewport, locale):
    """Whoever presses it once more, late, presses nothing."""
    guest = make_guest("plain/", viewport=viewport, locale=locale)
    guest.submit()
    expect(guest.page.locator("progress")).to_be_visible()
    box = guest.page.evaluate(
        "document.querySelector('.is-cancel').getBoundingClientRect().toJSON()"
    )
    guest.page.locator(".is-cancel").click()
    expect(guest.page.locator(".is-retry")).to_be_visible()

    corners = [(x, y) for x in (1, box["width"] - 1) for y in (1, box["height"] - 1)]
    for x, y in corners:
        pressed = guest.page.evaluate(
            "at => !!document.elementFromPoint(...at)?.closest('a, button')",
            [box["x"] + x, box["y"] + y],
        )
        assert not pressed


@pytest.mark.parametrize("colours", BACKGROUNDS)
def test_states_are_readable_on_usual_backgrounds(make_guest, sites, colours):
    """Done, Running and Cancelled, and the notes below them."""
    guest = make_guest("plain/")
    guest.start()
    guest.submit(f"{guest.gate}-2")
    expect(guest.rows).to_have_count(2)
    sites.let_through(f"{guest.gate}-2")
    guest.sees("Done")

    # In one call: between two, a push may take an element out of the page.
    texts = guest.page.locator(".operation-status, .operation-note")
    each = f"(texts, colours) => texts.map((text) => ({CONTRAST})(text, colours))"
    assert min(texts.evaluate_all(each, colours)) >= ENOUGH_CONTRAST


def test_buttons_are_told_apart_by_name(make_guest):
    """Who has them read out as a list learns of which row each is."""
    guest = make_guest("plain/")
    guest.start()

    name = f"Cancel Count {guest.gate}"
    expect(guest.page.get_by_role("button", name=name, exact=True)).to_be_visible()
