"""The demo's catalogues: whole, and compiled as they are written."""

import gettext
import shutil
import subprocess
from pathlib import Path

import pytest

from demo_site import settings

LOCALES = Path(settings.LOCALE_PATHS[0])


@pytest.mark.parametrize("language", sorted(path.name for path in LOCALES.iterdir()))
def test_a_catalogue_is_whole_and_compiled(language, tmp_path):
    """A start needs no gettext, because what is shipped is what was written."""
    if not shutil.which("msgfmt"):
        pytest.skip("needs msgfmt: apt-get install gettext")
    folder = LOCALES / language / "LC_MESSAGES"
    done = subprocess.run(
        ["msgfmt", "--statistics", "-o", tmp_path / "new.mo", folder / "django.po"],
        env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert "untranslated" not in done.stderr
    assert "fuzzy" not in done.stderr
    assert messages(tmp_path / "new.mo") == messages(folder / "django.mo")


def messages(path):
    """The translations that a compiled catalogue holds."""
    with path.open("rb") as file:
        return gettext.GNUTranslations(file)._catalog
