"""What visitors can make a process keep stays within its bound, whatever they send."""

import json
import os
import subprocess
import sys

import pytest

from tests.layers import ROOT

MIB = 2**20

FLOODS = [
    # What of form keys, first clicks and texts is kept is short, and for few.
    ("form_keys", 20, 1 * MIB),
    ("first_clicks", 20, 1 * MIB),
    ("labels", 30, 1 * MIB),
    ("messages", 30, 1 * MIB),
    ("questions", 30, 1 * MIB),
    ("sentences", 30, 1 * MIB),
    # MAX_OWNERS is 200.
    ("seen_sessions", 20, 1 * MIB),
    ("windows", 40, 1 * MIB),
    # MAX_KEPT_BYTES is 4 MiB; the rest is what else an operation takes.
    ("arguments", 30, 5 * MIB),
    ("results", 30, 5 * MIB),
    # Rendered tables may take 256 KiB; the operations that they show take the rest.
    ("rendered_rows", 8, MIB // 2),
]


@pytest.mark.parametrize(("name", "share", "bound"), FLOODS)
def test_a_flood_takes_no_more_memory_than_its_bound(name, share, bound):
    """Measured in a process of its own; what was sent is several times as much."""
    command = [sys.executable, "-m", "tests.web.floods", name, str(share)]
    site = {"DJANGO_SETTINGS_MODULE": "tests.web.flood_settings"}
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | site, capture_output=True, check=False
    )

    assert done.returncode == 0, done.stderr.decode()
    found = json.loads(done.stdout)
    assert found["sent"] > 2.5 * bound
    assert found["grown"] < bound
