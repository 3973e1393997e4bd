"""What bodies leave behind: files, which outlive whatever becomes of the process."""

import os

from django.conf import settings


def note(name, word):
    """The test can read that this became of ``name``, and in which process."""
    (settings.FOLDER / f"{name}.{word}").write_text(str(os.getpid()))


def is_noted(name, word):
    """Whether somebody has noted it."""
    return (settings.FOLDER / f"{name}.{word}").exists()
