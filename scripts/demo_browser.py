"""The demo in a browser, for pictures."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser.conftest import FLAGS
from tests.browser.server import DemoServer


@contextmanager
def open_demo() -> Iterator[tuple[Browser, DemoServer]]:
    """Yield Chromium and the demo as it is now, which both end with the block."""
    with (
        tempfile.TemporaryDirectory() as folder,
        DemoServer(Path(folder), "scripts.screenshot_settings") as demo,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=FLAGS
        )
        yield browser, demo
        browser.close()
