"""The benchmarks run; what they find is no matter of tests."""

import json
import subprocess
import sys

import pytest

from tests.layers import ROOT


def measured(tmp_path, name, *measures):
    """Run a benchmark, tiny, and return the figures that it wrote."""
    found = tmp_path / "found.json"
    options = ("--quick", "--json", found)
    subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", *measures, *options],
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return json.loads(found.read_text())["figures"]


@pytest.mark.timeout(180)
def test_the_pool_is_measured(tmp_path):
    """Each measure of the pool gives figures beside their targets; P10 below."""
    names = {"P1", "P2", "P3", "P7", "P8", "P9"}
    figures = measured(tmp_path, "pool", *sorted(names))

    assert {figure["measure"] for figure in figures} == names
    assert all(figure["value"] > 0 and figure["target"] for figure in figures)


@pytest.mark.timeout(180)
def test_the_core_is_measured(tmp_path):
    """Each measure of the core gives figures."""
    figures = measured(tmp_path, "core")

    assert {figure["measure"] for figure in figures} == {"P4"}


@pytest.mark.timeout(180)
def test_the_core_is_measured_beside_its_peers(tmp_path):
    """Those that are installed."""
    figures = measured(tmp_path, "peers")

    assert {figure["measure"] for figure in figures} == {"peers"}


@pytest.mark.timeout(180)
def test_the_operators_page_is_measured(tmp_path):
    """Each answer, and a sample."""
    figures = measured(tmp_path, "operators")

    assert len(figures) == 5
    assert all(figure["value"] > 0 and figure["target"] for figure in figures)


@pytest.mark.timeout(180)
def test_a_flood_is_measured(tmp_path):
    """Each submission was accepted or refused, and the next visitor's task started."""
    figures = measured(tmp_path, "flood")

    assert figures
    for figure in figures:
        assert figure["value"] > 0
        assert figure["details"]["refused"] > 0
        assert figure["details"]["other"] == 0


@pytest.mark.timeout(180)
def test_an_output_is_measured(tmp_path):
    """Writes in both kinds of bodies, and readers of many."""
    figures = measured(tmp_path, "output")

    assert {figure["measure"] for figure in figures} == {"P11"}
    assert all(figure["value"] > 0 for figure in figures)


@pytest.mark.timeout(180)
def test_turns_of_documents_are_measured(tmp_path):
    """A long one beside short ones."""
    (figure,) = measured(tmp_path, "translation")

    assert figure["value"] > 0
    assert figure["details"]["long"] > figure["details"]["short p50"]


@pytest.mark.timeout(180)
def test_calls_to_a_host_are_measured(tmp_path):
    """Each verb at host and client."""
    figures = measured(tmp_path, "machine")

    assert {figure["measure"] for figure in figures} == {"P12"}
    assert all(figure["details"]["client p50 µs"] > 0 for figure in figures)


def test_an_import_starts_nothing(tmp_path):
    """Importing the package makes no thread and no socket."""
    (figure,) = measured(tmp_path, "pool", "P10")

    assert figure["measure"] == "P10"
    assert figure["value"] > 0
    assert figure["details"] == {"threads": 0, "sockets": 0}
