"""The settings that name engines."""

import pytest

from demo_site.editor.apps import EditorConfig
from demo_site.translation import check_settings
from demo_site.translation.apertium import ApertiumEngine, engine
from demo_site.translation.conf import read_options
from demo_site.translation.engines import make_engines
from demo_site.translation.pseudo import PseudoEngine
from demo_site.translation.remote import (
    ApyEngine,
    EasyNMTEngine,
    LibreTranslateEngine,
)
from tests.demo.conftest import needs_pairs, shouting
from tests.demo.engines import ToldEngine

APY = "demo_site.translation.remote.ApyEngine"
TOLD = "tests.demo.engines.ToldEngine"

KEYED = "libretranslate=http://127.0.0.1:5000/base?api_key=zz%20key"


def made():
    """The engines of the settings."""
    return make_engines(read_options())


def test_without_a_setting_apertium_is_taken_where_it_is_installed(settings):
    """With any pair."""
    needs_pairs()
    settings.TRANSLATION_ENGINES = ""

    assert [type(each) for each in made()] == [ApertiumEngine]


def test_without_a_pair_the_pseudo_engine_is_taken(monkeypatch):
    """And it says so."""
    monkeypatch.setattr(engine, "find_modes", tuple)

    (found,) = made()

    assert isinstance(found, PseudoEngine)
    assert "No translation engine" in str(found.notice)


def test_without_a_setting_a_pair_is_enough(monkeypatch):
    """Any pair of Apertium's."""
    monkeypatch.setattr(engine, "find_modes", lambda: (shouting(),))

    assert [each.name for each in made()] == ["apertium"]


def test_each_kind_has_a_class(settings):
    """The same kind as often as there are servers."""
    settings.TRANSLATION_ENGINES = (
        f"apertium pseudo {KEYED} libretranslate=https://two.example "
        "easynmt=http://three:24080 apy=http://four:2737"
    )

    found = made()

    assert [type(each) for each in found] == [
        ApertiumEngine,
        PseudoEngine,
        LibreTranslateEngine,
        LibreTranslateEngine,
        EasyNMTEngine,
        ApyEngine,
    ]
    assert found[2].name == "libretranslate at 127.0.0.1:5000"


def test_a_key_stands_in_the_url_and_is_never_shown(settings):
    """It is taken out of the URL at once, and is in no representation."""
    settings.TRANSLATION_ENGINES = KEYED

    (spec,) = read_options().specs
    (found,) = made()

    assert (spec.url, spec.api_key) == ("http://127.0.0.1:5000/base", "zz key")
    assert found.api_key == "zz key"
    assert "zz" not in f"{spec!r}{read_options()!r}{found!r}{vars(found.client)!r}"


def test_an_engine_of_ones_own_is_a_dotted_path(settings):
    """With a URL it gets that, the key and the time-out; without one, nothing."""
    settings.TRANSLATION_ENGINES = TOLD

    assert [type(each) for each in made()] == [ToldEngine]


def test_good_settings_pass_the_check(settings):
    """Also as a list, and seconds as text, as an environment variable has them."""
    settings.TRANSLATION_ENGINES = ["apertium", KEYED, TOLD, f"{APY}=http://x"]
    settings.TRANSLATION_PROBE_SECONDS = "2.5"

    assert check_settings() == []
    assert read_options().probe_seconds == 2.5


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("google=http://x", "unknown kind 'google'"),
        ("libretranslate", "libretranslate needs a url"),
        ("apertium=http://x", "apertium has no url"),
        ("easynmt=ftp://x", "easynmt needs a url such as http://host:port"),
        ("easynmt=http://", "easynmt needs a url such as http://host:port"),
        ("easynmt=http://x:zz", "easynmt needs a url such as http://host:port"),
        ("apy=http://me:zzsecret@x", "may have a host, a port, a path and ?api_key="),
        ("apy=http://x?token=zzsecret", "may have a host, a port, a path"),
        ("apy=http://x#zzsecret", "may have a host, a port, a path"),
        ("http://x?api_key=zzsecret", "unknown kind '…'"),
        ("no.such.Engine=http://x", "no.such.Engine cannot be imported"),
        ("os.path", "os.path cannot be made without a url (TypeError)"),
        (APY, "ApyEngine cannot be made without a url (TypeError)"),
        (f"{TOLD}=http://x?api_key=zzsecret", "cannot be made with a url (TypeError)"),
        ("demo_site.translation.Limits", "Limits is no engine: it has no aclose()"),
        ([1], "an engine must be a string, got int"),
        (7, "not iterable"),
    ],
)
def test_a_mistake_is_an_error_that_names_what_is_allowed(settings, written, said):
    """By its system check; a key is not quoted."""
    settings.TRANSLATION_ENGINES = written

    (error,) = check_settings()

    assert error.id == "translation.E001"
    assert said in error.msg
    assert "apertium apy easynmt libretranslate pseudo" in error.hint
    assert "zzsecret" not in f"{error.msg}{error.hint}"


@pytest.mark.parametrize("value", [0, -1, "soon", None, float("inf"), float("nan")])
def test_a_wrong_number_of_seconds_is_named(settings, value):
    """With the setting's name."""
    settings.TRANSLATION_PATIENCE_SECONDS = value

    (error,) = check_settings()

    assert "TRANSLATION_PATIENCE_SECONDS" in error.msg
    assert "above 0" in error.hint


def test_the_editor_registers_the_check():
    """`manage.py check` runs it."""
    from django.core.checks import registry

    config = EditorConfig.create("demo_site.editor")
    before = set(registry.registry.registered_checks)
    config.ready()
    try:
        assert check_settings in registry.registry.registered_checks
    finally:
        registry.registry.registered_checks = before
