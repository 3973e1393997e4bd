"""The demo as it comes, with its real engine, in a real browser."""

import pytest
from playwright.sync_api import expect

from tests.browser.server import DemoServer
from tests.browser.visitor import Visitor
from tests.needs import needs_apertium_pair

TEXT = """\
# The red house

The **red** house is [here](https://example.org/the-house "The house").

```sh
open the house
```
"""
LONG_ENOUGH = 30_000
"""Milliseconds in which Apertium's programs start on a slow machine."""


@pytest.fixture(scope="module")
def real_demo(tmp_path_factory):
    """The demo with its own settings."""
    needs_apertium_pair("apertium-eng-spa", "eng-spa")
    needs_apertium_pair("apertium-fr-es", "es-fr")
    folder = tmp_path_factory.mktemp("real")
    with DemoServer(folder, "demo_site.settings") as server:
        yield server


@pytest.mark.parametrize(
    ("language", "name", "heading"),
    [
        ("es", "Spanish", "# La casa roja\n"),
        ("fr", "French", "# La maison rouge\n"),  # by way of Spanish
    ],
)
def test_words_are_translated_and_the_rest_stays(
    browser, real_demo, language, name, heading
):
    """Link, title, code and marks come through Apertium as they went in."""
    context = browser.new_context()
    visitor = Visitor(context, real_demo.url)
    visitor.choose(language)
    visitor.translate(TEXT)
    expect(visitor.rows.first).to_contain_text("Done", timeout=LONG_ENOUGH)

    visitor.act("Open")

    box = visitor.page.get_by_role("textbox", name=f"Translation: {name}")
    translation = box.input_value()
    assert translation.startswith(heading)
    assert '](https://example.org/the-house "The house").\n' in translation
    assert translation.endswith("\n\n```sh\nopen the house\n```\n")
    assert "No translation engine" not in visitor.page.content()
    assert not visitor.complaints
    context.close()
