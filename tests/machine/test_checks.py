"""System checks of the place where the processes of a machine meet."""

import sys

import pytest
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from ephemeral_tasks.checks import check_settings
from ephemeral_tasks.machine.folder import find_places


def only():
    """Return the one message; it has a hint."""
    (message,) = check_settings(None)
    assert message.hint
    assert message.level == checks.ERROR
    return message


@pytest.fixture
def folder(tmp_path, settings):
    """POOL_DIR, which the test makes or leaves out."""
    settings.EPHEMERAL_TASKS = {"POOL": "machine", "POOL_DIR": str(tmp_path / "pool")}
    return tmp_path / "pool"


def test_a_safe_folder_is_right(folder):
    """One that is missing, too: it is made at first use, not by a check."""
    assert check_settings(None) == []
    assert not folder.exists()

    folder.mkdir(mode=0o700)

    assert check_settings(None) == []


@pytest.mark.parametrize("mode", [0o755, 0o770])
def test_e013_a_folder_that_others_may_enter(folder, mode):
    """The message names it and its mode."""
    folder.mkdir()
    folder.chmod(mode)

    message = only()

    assert message.id == "ephemeral_tasks.E013"
    assert message.msg.startswith(f"The folder of POOL = 'machine', '{folder}', must")
    assert message.msg.endswith(f"and its mode is {mode:04o}.")


def test_e013_a_folder_that_cannot_be_made(tmp_path, settings):
    """Its own folder is missing."""
    path = tmp_path / "missing" / "pool"
    settings.EPHEMERAL_TASKS = {"POOL": "machine", "POOL_DIR": str(path)}

    assert only().msg.endswith("cannot be made: No such file or directory.")


def test_one_pool_a_process_needs_no_folder(folder, settings):
    """Nothing is said of it."""
    folder.touch()
    settings.EPHEMERAL_TASKS = {"POOL_DIR": str(folder)}

    assert check_settings(None) == []


@pytest.mark.parametrize("name", ["win32", "freebsd14"])
def test_e012_another_system(folder, monkeypatch, name):
    """Its processes cannot meet, or cannot know each other's user."""
    monkeypatch.setattr(sys, "platform", name)

    message = only()

    assert message.id == "ephemeral_tasks.E012"
    assert message.msg.endswith(f"needs Linux or macOS, and this system is '{name}'.")


def test_another_system_is_refused_at_first_use(folder, monkeypatch):
    """A server makes no system checks; nothing is left in the folder."""
    monkeypatch.setattr(sys, "platform", "freebsd14")

    with pytest.raises(ImproperlyConfigured, match="this system is 'freebsd14'"):
        find_places()

    assert not folder.exists()
