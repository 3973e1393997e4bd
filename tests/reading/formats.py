"""Blocks that are no programs of this site: whether they can be read, and fit it."""

import configparser
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.layers import ROOT

PACKAGE = ROOT / "ephemeral_tasks"
STATIC = PACKAGE / "static" / "ephemeral_tasks"


def check_css(text: str) -> None:
    """Its classes and custom properties are those of the package's stylesheet."""
    sheet = (STATIC / "ephemeral_tasks.css").read_text()
    text = re.sub(r"url\(.*?\)", "", text)
    names = re.findall(r"\.[a-z][\w-]+|--et-\w+", text)
    assert [name for name in names if name not in sheet] == []


def check_po(text: str) -> None:
    """Its message is one of the package's."""
    known = (PACKAGE / "locale" / "de" / "LC_MESSAGES" / "django.po").read_text()
    message, _, _ = text.partition("msgstr")
    assert message in known


def check_js(text: str) -> None:
    """Node.js can read it, where it is installed."""
    if node := shutil.which("node"):
        subprocess.run([node, "--check", "-"], input=text.encode(), check=True)


def check_nginx(text: str) -> None:
    """Nginx can read it, where it is installed."""
    nginx = shutil.which("nginx")
    if nginx is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "nginx.conf"
        text = re.sub(r"ssl\w+ +/.*|(?<=8443) ssl", "", text)  # it has no certificates
        kinds = ("client_body", "proxy", "fastcgi", "scgi", "uwsgi")
        own = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
        whole = f"http {{ access_log off; {own}\n{text} }}"
        path.write_text(f"pid {folder}/pid;\nevents {{}}\n{whole}\n")
        command = [nginx, "-t", "-q", "-e", "stderr", "-p", folder, "-c", path]
        subprocess.run(command, check=True)


def check_ini(text: str) -> None:
    """It is a unit of systemd's: sections of options, with a command."""
    unit = configparser.ConfigParser(interpolation=None)
    unit.read_string(text)
    assert unit.get("Service", "ExecStart")


def leave(text: str) -> None:
    """Nothing here can read it."""


CHECKS = {
    "css": check_css,
    "ini": check_ini,
    "js": check_js,
    "mermaid": leave,
    "nginx": check_nginx,
    "po": check_po,
    "yaml": leave,
}
