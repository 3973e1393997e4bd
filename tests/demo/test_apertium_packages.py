"""Installing Apertium, without installing anything."""

import os
import platform
import shutil
import subprocess

import pytest

from demo_site.translation.apertium import packages
from demo_site.translation.apertium.packages import (
    InstallFailed,
    can_install,
    install_apertium,
    install_command,
)


class Machine:
    """A machine whose commands are only noted."""

    def __init__(self):
        self.programs = {"apt-get", "dpkg-query", "sudo"}
        self.release = {"ID": "debian"}
        self.user = 0
        self.installed = set()
        self.ran = []
        self.status = 0

    def run(self, command, **options):
        """Note a command; dpkg-query knows what is installed."""
        if command[0] == "dpkg-query":
            lines = [f"{name} installed\n" for name in self.installed]
            return subprocess.CompletedProcess(command, 0, "".join(lines))
        self.ran.append(command)
        return subprocess.CompletedProcess(command, self.status)


@pytest.fixture
def machine(monkeypatch):
    """A Debian machine without Apertium, on which we are root."""
    made = Machine()
    monkeypatch.setattr(
        shutil, "which", lambda name: name if name in made.programs else None
    )
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: made.release)
    monkeypatch.setattr(os, "geteuid", lambda: made.user)
    monkeypatch.setattr(subprocess, "run", made.run)
    return made


@pytest.mark.parametrize(
    ("release", "user", "programs", "can"),
    [
        ({"ID": "debian"}, 0, {"apt-get"}, True),
        ({"ID": "ubuntu", "ID_LIKE": "debian"}, 0, {"apt-get"}, True),
        ({"ID": "mint", "ID_LIKE": "ubuntu debian"}, 1000, {"apt-get", "sudo"}, True),
        ({"ID": "debian"}, 1000, {"apt-get"}, False),
        ({"ID": "debian"}, 0, set(), False),
        ({"ID": "fedora"}, 0, {"apt-get", "sudo"}, False),
    ],
)
def test_it_can_be_installed_on_debian_as_root_or_with_sudo(
    machine, release, user, programs, can
):
    """And nowhere else."""
    machine.release, machine.user, machine.programs = release, user, programs

    assert can_install() is can


def test_a_system_that_does_not_say_what_it_is_cannot_install(machine, monkeypatch):
    """As macOS."""

    def missing():
        raise OSError

    monkeypatch.setattr(platform, "freedesktop_os_release", missing)

    assert not can_install()


def test_only_what_is_missing_is_installed(machine):
    """After an update of the lists, with one command."""
    machine.installed = {"apertium", "apertium-eng-spa", "apertium-fr-es"}

    install_apertium()

    update, command = machine.ran
    assert update == ["apt-get", "--option", "DPkg::Lock::Timeout=60", "update"]
    assert command == [
        *["apt-get", "--option", "DPkg::Lock::Timeout=60", "install", "--yes"],
        *["--no-install-recommends", "apertium-eng-cat", "apertium-es-pt"],
        "apertium-spa-ita",
    ]


def test_with_everything_there_nothing_runs(machine):
    """No update either."""
    machine.installed = set(packages.PACKAGES)

    install_apertium()

    assert machine.ran == []
    assert packages.missing_packages() == []


def test_whoever_is_not_root_uses_sudo(machine):
    """It asks for the password on the terminal."""
    machine.user = 1000

    assert install_command()[:2] == ["sudo", "apt-get"]


def test_without_dpkg_everything_is_missing(machine):
    """The command can still be shown."""
    machine.programs = set()

    assert packages.missing_packages() == list(packages.PACKAGES)


def test_a_command_that_ends_badly_ends_the_installation(machine):
    """The error says which one, and how."""
    machine.status = 100

    with pytest.raises(
        InstallFailed, match=r"^apt-get .* update ended with status 100$"
    ):
        install_apertium()

    assert len(machine.ran) == 1
