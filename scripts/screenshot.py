"""Takes docs/table.png anew: `python -m scripts.screenshot`."""

from scripts.demo_browser import open_demo
from tests.browser.server import ROOT, DemoServer
from tests.browser.visitor import Visitor

PICTURE = ROOT / "docs" / "table.png"
WINDOW = {"width": 980, "height": 900}


def fill_table(visitor: Visitor, demo: DemoServer) -> None:
    """The table shows one operation running, one waiting and three ended."""
    visitor.choose("es", "fr")
    visitor.translate("# The mountain hut")
    visitor.sees("Done")
    visitor.choose("fr")
    visitor.page.locator("#id_rehearse").check()
    visitor.translate("# The reading club")
    visitor.sees("Failed")
    visitor.page.locator("#id_rehearse").uncheck()
    visitor.translate("# Wait at gate-closed")
    visitor.act("Cancel")
    visitor.sees("Cancelled")
    visitor.choose("es")
    visitor.translate("\n\n".join(["Wait at gate-picture."] * 12))
    demo.let_through("picture", 6)
    visitor.sees("paragraph 7 of 12")
    visitor.choose("fr")
    visitor.translate("# The weather station")
    visitor.sees("Waiting")


def main() -> None:
    """The picture is there, of the demo as it is now."""
    with open_demo() as (browser, demo):
        context = browser.new_context(viewport=WINDOW, device_scale_factor=2)
        visitor = Visitor(context, demo.url)
        fill_table(visitor, demo)
        PICTURE.parent.mkdir(exist_ok=True)
        visitor.page.mouse.move(0, 0)
        visitor.page.locator("#ephemeral-tasks").screenshot(path=PICTURE)
    print(PICTURE)


if __name__ == "__main__":
    main()
