"""Takes docs/operators.png and docs/operators-dark.png anew.

``python -m scripts.screenshot_operators`` works for a minute, so that charts have bars.
"""

import re
import time

from playwright.sync_api import Browser

from scripts.demo_browser import open_demo
from scripts.screenshot import fill_table
from tests.browser.server import ROOT, DemoServer
from tests.browser.visitor import Visitor

PICTURES = {"light": "operators.png", "dark": "operators-dark.png"}
WINDOW = {"width": 1100, "height": 1180}
_SECONDS = 75


def work(browser: Browser, demo: DemoServer) -> None:
    """Operations have ended, well and otherwise, for more than a minute."""
    visitor = Visitor(browser.new_context(), demo.url)
    end, number = time.monotonic() + _SECONDS, 0
    while time.monotonic() < end:
        number += 1
        rehearse = visitor.page.locator("#id_rehearse")
        rehearse.set_checked(number % 5 == 0)
        for _ in range(1 + number % 4):
            visitor.translate("# The mountain hut")
        visitor.page.wait_for_timeout(1000 * (1 + number % 3))


def take(browser: Browser, demo: DemoServer, scheme: str, name: str) -> None:
    """The picture is there, in this colour scheme."""
    context = browser.new_context(viewport=WINDOW, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{demo.url}admin/login/?next=/admin/ephemeral_tasks/pool/")
    page.fill("#id_username", "admin")
    page.fill("#id_password", re.search(r"start: (\w+)", demo.said)[1])
    page.click("[type=submit]")
    page.mouse.move(0, 0)
    page.screenshot(path=ROOT / "docs" / name)


def main() -> None:
    """The pictures are there, of the demo as it is now."""
    with open_demo() as (browser, demo):
        work(browser, demo)
        fill_table(Visitor(browser.new_context(), demo.url), demo)
        for scheme, name in PICTURES.items():
            take(browser, demo, scheme, name)
    print(*PICTURES.values())


if __name__ == "__main__":
    main()
