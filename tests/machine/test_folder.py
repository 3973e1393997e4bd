"""The folder in which the processes meet is safe, or refused."""

import os
import stat

import pytest
from django.core.exceptions import ImproperlyConfigured

from ephemeral_tasks.machine.folder import find_places


@pytest.fixture
def use(settings):
    """Sets POOL_DIR."""

    def use(path):
        settings.EPHEMERAL_TASKS = {"POOL_DIR": str(path)}

    return use


def test_a_missing_folder_is_made_for_its_user_alone(tmp_path, use):
    """Whatever the process's mask is."""
    use(tmp_path / "pool")
    before = os.umask(0)
    try:
        places = find_places()
    finally:
        os.umask(before)

    assert places.lock.parent == places.socket.parent == tmp_path / "pool"
    assert stat.S_IMODE((tmp_path / "pool").stat().st_mode) == 0o700
    assert list((tmp_path / "pool").iterdir()) == []


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o701, 0o710])
def test_a_folder_that_others_may_enter_is_refused(tmp_path, use, mode):
    """The sentence names the folder, the rule and the mode."""
    folder = tmp_path / "pool"
    folder.mkdir()
    folder.chmod(mode)
    use(folder)

    with pytest.raises(ImproperlyConfigured) as raised:
        find_places()

    assert str(raised.value) == (
        f"the folder of POOL = 'machine', '{folder}', must be a folder of mode 0700 "
        f"that this user owns, and its mode is {mode:04o}"
    )


def test_a_strangers_folder_is_refused(tmp_path, use, monkeypatch):
    """Its owner could put another socket there."""
    folder = tmp_path / "pool"
    folder.mkdir(mode=0o700)
    use(folder)
    owner = folder.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)

    with pytest.raises(ImproperlyConfigured, match=f"it belongs to user {owner}"):
        find_places()


@pytest.mark.parametrize("kind", ["link", "file"])
def test_what_is_no_folder_is_refused(tmp_path, use, kind):
    """A symbolic link to a safe folder, too: whoever owns it could turn it."""
    (tmp_path / "real").mkdir(mode=0o700)
    given = tmp_path / "pool"
    if kind == "link":
        given.symlink_to(tmp_path / "real")
    else:
        given.touch(mode=0o600)
    use(given)

    with pytest.raises(ImproperlyConfigured, match="and it is no folder"):
        find_places()


def test_a_folder_that_cannot_be_made_is_named(tmp_path, use):
    """With the system's own reason."""
    use(tmp_path / "missing" / "pool")

    with pytest.raises(ImproperlyConfigured, match="cannot be made: No such file"):
        find_places()


def test_a_path_too_long_for_a_socket_is_refused(tmp_path, use):
    """Before anything is made there."""
    folder = tmp_path / ("x" * 100)
    use(folder)

    with pytest.raises(ImproperlyConfigured, match="at most 103 bytes"):
        find_places()

    assert not folder.exists()


def test_two_sites_share_a_folder(tmp_path, use, settings):
    """Their files have different names: by their key, and by their settings module."""
    use(tmp_path / "pool")
    names = {find_places().socket.name}

    settings.SECRET_KEY = "another"
    names.add(find_places().socket.name)
    settings.SETTINGS_MODULE = "another.settings"
    names.add(find_places().socket.name)

    assert len(names) == 3


def test_defaults(tmp_path, use, monkeypatch, settings):
    """The user's runtime folder if it is ours; else the temporary folder."""
    settings.EPHEMERAL_TASKS = {}
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()

    assert find_places().lock.parent == tmp_path / "ephemeral-tasks"

    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "missing"))
    name = f"ephemeral-tasks-{os.geteuid()}"
    assert find_places().lock.parent == tmp_path / "tmp" / name
