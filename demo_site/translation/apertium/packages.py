"""Installs Apertium from the packages of Debian and Ubuntu."""

import os
import platform
import shlex
import shutil
import subprocess

PACKAGES = (
    "apertium",
    "apertium-eng-spa",
    "apertium-eng-cat",
    "apertium-fr-es",
    "apertium-es-pt",
    "apertium-spa-ita",
)
"""Apertium, English with Spanish and Catalan, and Spanish with three others."""


class InstallFailed(Exception):
    """A command failed; its output is on the terminal."""

    def __init__(self, command: list[str], status: int) -> None:
        """Set the command and its exit status."""
        super().__init__(f"{shlex.join(command)} ended with status {status}")
        self.command = command
        self.status = status


def can_install() -> bool:
    """Return whether this is Debian or Ubuntu, and we are root or have sudo."""
    return (
        _is_debian() and bool(shutil.which("apt-get")) and (_is_root() or _has_sudo())
    )


def missing_packages() -> list[str]:
    """Return those of `PACKAGES` that are not installed; all if there is no dpkg."""
    if not shutil.which("dpkg-query"):
        return list(PACKAGES)
    form = "-f=${Package} ${db:Status-Status}\n"
    done = subprocess.run(
        ["dpkg-query", "-W", form, *PACKAGES],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # it warns about each unknown package
        text=True,
        check=False,
    )
    installed = {line.removesuffix(" installed") for line in done.stdout.splitlines()}
    return [package for package in PACKAGES if package not in installed]


def install_command() -> list[str]:
    """Return the command that installs what is missing, to be shown or run."""
    packages = missing_packages() or PACKAGES
    return [*_apt_get(), "install", "--yes", "--no-install-recommends", *packages]


def install_apertium() -> None:
    """Install what is missing, with apt-get's output on the terminal.

    Raises:
        InstallFailed: apt-get failed; packages installed until then stay.
    """
    if missing_packages():
        _run([*_apt_get(), "update"])
        _run(install_command())


def _run(command: list[str]) -> None:
    """Run a command on this terminal, where sudo may ask for a password."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(command, env=environment, check=False)
    except OSError as error:
        raise InstallFailed(command, error.errno or 1) from error
    if done.returncode:
        raise InstallFailed(command, done.returncode)


def _apt_get() -> list[str]:
    """Return the start of a command that waits a minute for other apt-get runs."""
    sudo = [] if _is_root() else ["sudo"]
    return [*sudo, "apt-get", "--option", "DPkg::Lock::Timeout=60"]


def _is_debian() -> bool:
    """Return whether the system is Debian or derived from it."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return False
    return "debian" in [release.get("ID"), *release.get("ID_LIKE", "").split()]


def _is_root() -> bool:
    return os.geteuid() == 0


def _has_sudo() -> bool:
    return shutil.which("sudo") is not None
