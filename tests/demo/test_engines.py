"""The choice of an engine."""

import pytest

from demo_site.translation.apertium import ApertiumEngine, engine
from demo_site.translation.engines import find_engine, get_engine
from demo_site.translation.pseudo import PseudoEngine
from tests.demo.conftest import needs_pairs, shouting


@pytest.fixture(autouse=True)
def _forget_engine():
    get_engine.cache_clear()
    yield
    get_engine.cache_clear()


def test_apertium_is_taken_where_it_is_installed():
    """With any pair."""
    needs_pairs()

    assert isinstance(find_engine(), ApertiumEngine)


def test_without_a_pair_the_pseudo_engine_is_taken(monkeypatch):
    """And it says so."""
    monkeypatch.setattr(engine, "find_modes", tuple)

    found = find_engine()

    assert isinstance(found, PseudoEngine)
    assert found.is_pseudo
    assert "only" in str(found.notice) or "No translation engine" in str(found.notice)


def test_a_process_has_one_engine(monkeypatch):
    """Its pipes are worth sharing."""
    monkeypatch.setattr(engine, "find_modes", lambda: (shouting(),))

    assert get_engine() is get_engine()
    assert get_engine().name == "apertium"


def test_a_setting_names_another(settings):
    """By its dotted path."""
    settings.TRANSLATION_ENGINE = "demo_site.translation.pseudo.PseudoEngine"

    assert isinstance(get_engine(), PseudoEngine)
