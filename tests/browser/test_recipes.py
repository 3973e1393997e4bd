"""The recipes in docs/ that need a browser."""

import pytest

from tests.layers import ROOT
from tests.reading.blocks import blocks_of


def recipe(page, start):
    """The block of a page in docs/ that starts with this text."""
    (found,) = [
        block.text
        for block in blocks_of(ROOT / "docs" / page)
        if block.text.startswith(start)
    ]
    return found


@pytest.mark.parametrize("wait", ["wait=5", "wait=0"])
def test_a_page_starts_a_task_from_fetch(make_guest, wait):
    """docs/http.md: the result comes at once, or is asked for until it is there."""
    guest = make_guest("plain/")
    script = recipe("http.md", "async function run").replace("wait=5", wait)

    found = guest.page.evaluate(
        f"(data) => {{ {script}; return run('name', data); }}", {"gate": "Ada"}
    )

    assert found == "Ada"
