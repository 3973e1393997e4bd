"""axe-core, as the package axe-playwright-python ships it, run in a page."""

from importlib.resources import files

SCRIPT = files("axe_playwright_python").joinpath("axe.min.js")
RUN = """async ([parts, rules]) => {
  // A colour that is on its way to another is neither.
  const all = document.getAnimations();
  const changes = all.filter((one) => one instanceof CSSTransition);
  await Promise.allSettled(changes.map((one) => one.finished));
  // Preloading would ask for stylesheets again, some at addresses that are none.
  const options = { preload: false, ...(rules ? { runOnly: rules } : {}) };
  return axe.run(parts ?? document, options);
}"""


def violations(page, parts=None):
    """What axe-core has against the page, light and dark.

    Args:
        page: Of the browser.
        parts: Selectors of what is looked at; None for the whole page.
    """
    page.evaluate(SCRIPT.read_text())
    found = page.evaluate(RUN, [parts, None])["violations"]
    page.emulate_media(color_scheme="dark")
    # Nothing but the colours is another in the dark.
    found += page.evaluate(RUN, [parts, ["color-contrast"]])["violations"]
    page.emulate_media(color_scheme="light")
    return [
        f"{page.url} {one['id']}: {one['help']}: {node['html'][:200]}"
        for one in found
        for node in one["nodes"]
    ]
