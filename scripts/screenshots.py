"""Takes pictures of the demo's pages: `python -m scripts.screenshots FOLDER`.

Each page wide and at 320 pixels, light and dark, and in either direction of writing.
"""

import itertools
import re
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from scripts.demo_browser import open_demo
from scripts.screenshot import fill_table
from tests.browser.server import DemoServer
from tests.browser.visitor import Visitor

WIDTHS = (980, 320)
SCHEMES = ("light", "dark")
DIRECTIONS = ("ltr", "rtl")


def take(page: Page, folder: Path, name: str) -> None:
    """The pictures of the page that is open are there, in each of its looks."""
    for direction in DIRECTIONS:
        page.evaluate("(direction) => { document.dir = direction; }", direction)
        if direction == "rtl":  # what the admin adds in a language of this direction
            page.add_style_tag(url="/static/admin/css/rtl.css")
        for width, scheme in itertools.product(WIDTHS, SCHEMES):
            page.set_viewport_size({"width": width, "height": 700})
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            path = folder / f"{name}-{width}-{scheme}-{direction}.png"
            page.screenshot(path=path, full_page=True, animations="disabled")
            print(path)


def take_answer(browser: Browser, demo: DemoServer, folder: Path) -> None:
    """The pictures of an answer that asks in the middle are there."""
    page = Visitor(browser.new_context(), demo.url).page
    page.goto(f"{demo.url}ask/")
    page.get_by_label("Your question").fill("What is a queue?")
    page.get_by_label("Ask me in the middle").check()
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_role("button", name="Briefly")).to_be_visible()
    take(page, folder, "ask")
    page.get_by_role("link", name="Watch").click()
    take(page, folder, "output")


def take_table(browser: Browser, demo: DemoServer, folder: Path) -> None:
    """The pictures of operations in all states, a result and a form are there."""
    visitor = Visitor(browser.new_context(), demo.url)
    fill_table(visitor, demo)
    take(visitor.page, folder, "editor")
    cancelled, done = (visitor.operation_id(row) for row in (2, 4))
    paths = {
        "operations": "tasks/",
        "operation": f"tasks/{cancelled}/",
        "again": f"tasks/{cancelled}/again/",
        "result": f"tasks/{done}/result/",
    }
    for name, path in paths.items():
        visitor.page.goto(demo.url + path)
        take(visitor.page, folder, name)


def take_operators(browser: Browser, demo: DemoServer, folder: Path) -> None:
    """The pictures of the operators' page are there, while others work."""
    page = browser.new_context().new_page()
    page.goto(f"{demo.url}admin/login/?next=/admin/ephemeral_tasks/pool/")
    page.fill("#id_username", "admin")
    page.fill("#id_password", re.search(r"start: (\w+)", demo.said)[1])
    page.click("[type=submit]")
    take(page, folder, "operators")


def main(folder: Path) -> None:
    """The pictures are there, of the demo as it is now."""
    folder.mkdir(parents=True, exist_ok=True)
    with open_demo() as (browser, demo):
        # First, while nothing runs: an operation that asks holds no slot afterwards.
        take_answer(browser, demo, folder)
        take_table(browser, demo, folder)
        take_operators(browser, demo, folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
