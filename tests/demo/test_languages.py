"""Languages by name."""

import pytest
from django.utils.translation import override

from demo_site.translation.languages import code, label, local_name, translated_name


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("eng", "en"),
        ("es", "es"),
        ("pt_BR", "pt-br"),
        ("oci", "oc"),
        ("cat_valencia", None),
        ("eng_US", None),
        ("eco", None),
        ("", None),
    ],
)
def test_codes_of_apertium_become_codes_of_django(written, expected):
    """Where there is a name for the language."""
    assert code(written) == expected


def test_languages_are_named_in_the_pages_language_and_in_their_own():
    """Whatever language the page is in."""
    assert label("es") == "Spanish (español)"
    with override("de"):
        assert label("es") == "Spanisch (español)"
        assert translated_name("fr") == "Französisch"
    assert local_name("ca") == "català"


def test_a_language_is_named_once_where_both_names_are_one():
    """English on an English page, German on a German one."""
    assert label("en") == "English"
    with override("de"):
        assert label("de") == "Deutsch"


def test_languages_that_django_does_not_name_have_names():
    """Those with Apertium pairs."""
    assert label("oc") == "Occitan"
    assert label("sc") == "Sardinian (sardu)"


def test_an_unknown_code_is_its_own_name():
    """A page is not lost for it."""
    assert label("tlh") == "tlh"
