"""A missing program skips its tests, except where all are required."""

import pytest

from tests import needs as module
from tests.needs import REQUIRE_ALL, needs, needs_apertium_pair


@pytest.fixture(autouse=True)
def missing(monkeypatch):
    """A program that no machine has."""
    monkeypatch.setitem(module.PROGRAMS, "nothing", ("no-such-program",))


def test_a_present_program_is_found(monkeypatch):
    """The path of the first name that exists comes back."""
    monkeypatch.setitem(module.PROGRAMS, "shell", ("no-such-program", "sh"))

    assert needs("shell").endswith("/sh")


def test_a_missing_program_skips_and_says_what_to_install(monkeypatch):
    """On a developer's machine the rest of the tests still count."""
    monkeypatch.delenv(REQUIRE_ALL, raising=False)

    with pytest.raises(pytest.skip.Exception, match="apt-get install no-such-program"):
        needs("nothing")


def test_a_missing_program_fails_where_all_are_required(monkeypatch):
    """Continuous integration never passes by skipping."""
    monkeypatch.setenv(REQUIRE_ALL, "1")

    with pytest.raises(pytest.fail.Exception, match="needs nothing"):
        needs("nothing")


def test_a_missing_language_pair_names_its_package(monkeypatch, tmp_path):
    """Apertium without the pair is as missing as no Apertium."""
    monkeypatch.delenv(REQUIRE_ALL, raising=False)
    monkeypatch.setitem(module.PROGRAMS, "apertium", ("sh",))
    monkeypatch.setattr(module, "APERTIUM_MODES", tmp_path)

    with pytest.raises(pytest.skip.Exception, match="install apertium-eng-spa"):
        needs_apertium_pair("apertium-eng-spa", "eng-spa")
