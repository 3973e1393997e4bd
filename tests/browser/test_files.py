"""Results that are files, as Chromium saves them."""

from urllib.parse import quote

from playwright.sync_api import expect

LOOK_AGAIN = """() => {
  let left = 0;
  navigation.addEventListener("navigate", () => left++);
  document.dispatchEvent(new Event("ephemeral-tasks:shown"));
  return left;
}"""


def is_saved(download):
    """The file has its name and its bytes, whatever its type is."""
    file = download.value
    assert file.suggested_filename == "Übersicht 1.html"
    assert file.path().read_bytes() == b"<title>Inside</title>"


def test_a_row_offers_the_file(make_guest, sites):
    """It is saved, though a browser could show it; the page stays."""
    guest = make_guest("file/")
    guest.start()
    sites.let_through(guest.gate)
    link = guest.rows.first.get_by_role("link", name="Download File")

    with guest.page.expect_download() as download:
        link.click()

    is_saved(download)
    expect(guest.page).to_have_title("Page")


def test_a_page_of_one_operation_saves_the_file_when_it_is_there(make_guest, sites):
    """The address of the file is where the page leads, once; the page stays."""
    guest = make_guest("file/")
    guest.start()
    id = guest.rows.first.get_attribute("id").removeprefix("operation-")
    then = quote(f"/tasks/{id}/result/?download")
    guest.page.goto(f"{guest.url}single/?id={id}&then={then}")
    guest.sees("Running")

    with guest.page.expect_download() as download:
        sites.let_through(guest.gate)

    is_saved(download)
    # Not by a locator: it would wait for the navigation that became a download.
    assert "Done" in guest.page.evaluate("document.body.innerText")
    assert guest.page.evaluate(LOOK_AGAIN) == 0
