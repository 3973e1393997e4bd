"""What is installed, and the ways over it."""

import shutil

import pytest

from demo_site.translation.apertium.modes import MODES, find_modes, parse
from demo_site.translation.routes import routes
from tests.demo.conftest import needs_pairs

LINE = "lt-proc -w '/a b/x.bin' | apertium-tagger -g $2 '/y.prob' | lt-proc $1 '/z.bin'"


def test_a_mode_becomes_commands_that_flush_and_do_not_mark():
    """-z after each program, -n where the script has $1, nothing for $2."""
    assert parse(LINE) == (
        ("lt-proc", "-z", "-w", "/a b/x.bin"),
        ("apertium-tagger", "-z", "-g", "/y.prob"),
        ("lt-proc", "-z", "-n", "/z.bin"),
    )


@pytest.mark.parametrize(
    "line", ["", "|", "lt-proc x || lt-proc y", "lt-proc x |", "'"]
)
def test_what_is_no_pipeline_is_no_mode(line):
    """A shell's other signs mean nothing here."""
    with pytest.raises(ValueError):  # noqa: PT011  # shlex has messages of its own
        parse(line)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of modes whose programs are there."""
    monkeypatch.setattr(shutil, "which", lambda program: f"/usr/bin/{program}")
    for name in ("eng-spa", "es-fr", "spa-fra", "es-pt_BR", "eng-cat_valencia"):
        (tmp_path / f"{name}.mode").write_text("lt-proc $1 | lt-proc -p")
    (tmp_path / "eco-es-fr.mode").write_text("lt-proc x")
    (tmp_path / "eng-xxx.mode").write_text("lt-proc x")
    (tmp_path / "fr-es.mode").write_text("lt-proc x | sed s/a/b/")
    (tmp_path / "pt-es.mode").write_text("lt-proc /no/such/file.bin")
    (tmp_path / "ita-spa.mode").write_text("||")
    return tmp_path


def test_modes_that_can_serve_are_found(folder):
    """One a pair, by codes of Django; without variants that have no name there.

    What is no pipeline, lacks a file, or has a program that would not flush is none.
    """
    modes = find_modes(folder)

    assert [(mode.name, mode.source, mode.target) for mode in modes] == [
        ("eng-spa", "en", "es"),
        ("es-fr", "es", "fr"),
        ("es-pt_BR", "es", "pt-br"),
    ]


def test_a_machine_without_apertium_has_no_modes(tmp_path):
    """Nor an error."""
    assert find_modes(tmp_path / "modes") == ()


def test_installed_modes_are_found():
    """Those of the five packages that the demo installs."""
    needs_pairs()

    pairs = {(mode.source, mode.target) for mode in find_modes(MODES)}

    assert pairs >= {
        *[("en", "es"), ("es", "en"), ("en", "ca"), ("ca", "en"), ("fr", "es")],
        *[("es", "fr"), ("es", "pt"), ("pt", "es"), ("es", "it"), ("it", "es")],
    }


def test_the_shortest_route_is_taken():
    """And of two equal ones the first in the alphabet."""
    found = routes([("a", "c"), ("a", "b"), ("b", "d"), ("c", "d"), ("d", "a")])

    assert found["a", "d"] == ("a", "b", "d")
    assert found["b", "a"] == ("b", "d", "a")
    assert found["a", "b"] == ("a", "b")


def test_languages_that_are_not_connected_have_no_route():
    """Nor has a language one to itself."""
    found = routes([("a", "b"), ("b", "a"), ("c", "a")])

    assert set(found) == {("a", "b"), ("b", "a"), ("c", "a"), ("c", "b")}
