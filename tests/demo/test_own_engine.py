"""The engine of one's own that docs/translation.md shows."""

import re
import sys
from types import ModuleType

import pytest

from demo_site.translation import get_engine, translate_document
from tests.demo.servers import deepl, serving
from tests.layers import ROOT

KEY = "zz key"


@pytest.fixture
def source(monkeypatch):
    """The page's module, which can be imported."""
    page = (ROOT / "docs" / "translation.md").read_text()
    source = re.search(r"```python\n# mysite/engines\.py\n(.*?)```", page, re.DOTALL)[1]
    module = ModuleType("mysite.engines")
    exec(source, module.__dict__)
    monkeypatch.setitem(sys.modules, "mysite", ModuleType("mysite"))
    monkeypatch.setitem(sys.modules, "mysite.engines", module)
    return source


@pytest.fixture
def server(source, settings):
    """A server that speaks as DeepL does, and the settings that name it."""
    with serving(deepl(KEY)) as server:
        settings.TRANSLATION_ENGINES = (
            f"mysite.engines.DeepLEngine={server.url}?api_key=zz%20key"
        )
        settings.TRANSLATION_PATIENCE_SECONDS = 30
        get_engine.cache_clear()
        yield server
    get_engine.cache_clear()


def test_it_has_forty_lines(source):
    """With its docstrings."""
    assert len(source.strip().splitlines()) <= 40


async def test_it_translates_documents(server):
    """By its dotted path in the settings, with a URL and a key."""
    splice = await translate_document("A **red** door.", "en", "pt-br")

    assert splice.text == "A **RED** DOOR."
    assert not [asked for asked in server.requests if "zz" in asked.path]


@pytest.mark.parametrize("behaviour", ["429 seconds", "500", "reset", "null", "half"])
async def test_what_its_server_does_wrong_is_handled_for_it(
    server, behaviour, monkeypatch
):
    """Tried again, or reported, as for the engines that come with the demo."""
    monkeypatch.setattr(
        "demo_site.translation.remote.client.seconds_until_retry", lambda header: 0.01
    )
    server.behave(behaviour)

    assert (await translate_document("A door.", "en", "pt-br")).text == "A DOOR."
    asked = [each for each in server.translations if b"A door." in each.body]
    assert len(asked) == 2
