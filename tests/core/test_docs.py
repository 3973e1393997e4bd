"""The examples of docs/core.md and docs/patterns.md print what the pages say."""

import json
import re
import subprocess
import sys

import pytest

from tests.layers import ROOT

EXAMPLE = re.compile(
    r"^## (?P<title>.+?)\n\n```python\n(?P<code>.+?)^```\n\n"
    r"```text\n(?P<printed>.+?)^```$",
    re.MULTILINE | re.DOTALL,
)
RUN_EACH = """
import json, logging, sys

# A step that took long on a busy machine is no warning of ours.
logging.getLogger("asyncio").addFilter(lambda record: "took" not in record.getMessage())

for code in json.load(sys.stdin):
    exec(code, {"__name__": "__main__"})
"""
PAGES = ["core.md", "patterns.md"]


def text_of(page: str) -> str:
    """The page as it is written."""
    return (ROOT / "docs" / page).read_text()


@pytest.mark.parametrize("page", PAGES)
def test_examples_print_what_the_page_says(page):
    """Each is a whole program, in Python's development mode without a warning."""
    examples = [match.groupdict() for match in EXAMPLE.finditer(text_of(page))]
    ran = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", RUN_EACH],
        input=json.dumps([example["code"] for example in examples]),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )

    printed = "".join(example["printed"] for example in examples)
    assert (ran.stdout, ran.stderr) == (printed, "")


@pytest.mark.parametrize("page", PAGES)
def test_each_python_block_is_an_example(page):
    """None is left out by its form."""
    text = text_of(page)

    assert text.count("```python\n") == len(EXAMPLE.findall(text))


def test_the_core_needs_no_django():
    """It imports the standard library alone."""
    code = (
        "import sys, ephemeral_tasks.core.patterns; sys.exit('django' in sys.modules)"
    )

    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert ran.returncode == 0
