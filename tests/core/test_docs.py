"""The examples of docs/core.md print what the page says."""

import re
import subprocess
import sys

import pytest

from tests.layers import ROOT

PAGE = (ROOT / "docs" / "core.md").read_text()
EXAMPLE = re.compile(
    r"^## (?P<title>.+?)\n\n```python\n(?P<code>.+?)^```\n\n"
    r"```text\n(?P<printed>.+?)^```$",
    re.MULTILINE | re.DOTALL,
)
EXAMPLES = [match.groupdict() for match in EXAMPLE.finditer(PAGE)]


@pytest.mark.parametrize("example", EXAMPLES, ids=[e["title"] for e in EXAMPLES])
def test_an_example_prints_what_the_page_says(example):
    """Each is a whole program, in Python's development mode without a warning."""
    ran = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", example["code"]],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )

    assert (ran.stdout, ran.stderr) == (example["printed"], "")


def test_each_python_block_is_an_example():
    """None is left out by its form."""
    assert PAGE.count("```python\n") == len(EXAMPLES)


def test_the_core_needs_no_django():
    """It imports the standard library alone."""
    code = "import sys, ephemeral_tasks.core; sys.exit('django' in sys.modules)"

    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert ran.returncode == 0
