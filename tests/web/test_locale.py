"""Translations are whole, and what is shipped is what was written."""

import ast
import gettext
import re
from pathlib import Path

import pytest

from ephemeral_tasks.web import durations

LOCALES = Path(__file__).parents[2] / "ephemeral_tasks" / "locale"
LANGUAGES = sorted(path.name for path in LOCALES.iterdir())


def entries(language):
    """The catalog's source: (context, message, plural or None) → translations."""
    text = (LOCALES / language / "LC_MESSAGES" / "django.po").read_text()
    found = {}
    for block in text.split("\n\n")[1:]:
        assert "fuzzy" not in block
        fields = {}
        pattern = r'^(msg\w+(?:\[\d\])?) ((?:".*"\n?)+)'
        for name, strings in re.findall(pattern, block, re.MULTILINE):
            fields[name] = (
                "".join(map(ast.literal_eval, strings.split("\n")[:-1]))
                if (strings.endswith("\n"))
                else "".join(map(ast.literal_eval, strings.split("\n")))
            )
        key = (fields.get("msgctxt"), fields["msgid"], fields.get("msgid_plural"))
        found[key] = [fields[name] for name in fields if name.startswith("msgstr")]
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_translated(language):
    """Nothing is empty, nothing is a guess."""
    empty = [key for key, texts in entries(language).items() if not all(texts)]

    assert empty == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_are_kept(language):
    """A translation names what its message names."""
    for (_, message, plural), texts in entries(language).items():
        wanted = set(re.findall(r"%\(\w+\)\w", plural or message))
        assert set(re.findall(r"%\(\w+\)\w", texts[-1])) == wanted, message


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_catalog_is_the_written_one(language):
    """Sites read the .mo file."""
    folder = LOCALES / language / "LC_MESSAGES"
    with (folder / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)._catalog

    written = {}
    for (context, message, plural), texts in entries(language).items():
        key = message if context is None else f"{context}\x04{message}"
        for number, text in enumerate(texts):
            written[(key, number) if plural else key] = text
    compiled = {key: text for key, text in compiled.items() if key}
    assert compiled == written


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0.1 s"),
        (0.44, "0.4 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (185, "3 min 5 s"),
        (7800, "2 h 10 min"),
    ],
)
def test_a_short_duration(seconds, words):
    """As precise as it matters."""
    assert durations.format_short(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(3600, "1 hour"), (21600, "6 hours"), (90, "90 seconds"), (300, "5 minutes")],
)
def test_a_long_duration(seconds, words):
    """In the largest unit that it is a whole number of."""
    assert durations.format_long(seconds) == words
