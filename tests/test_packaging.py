"""What the wheel holds is what the package's folder holds."""

import configparser
import email
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.layers import PACKAGE, ROOT


@pytest.fixture(scope="module")
def wheel(built_wheel: Path):
    """The wheel, opened."""
    with zipfile.ZipFile(built_wheel) as opened:
        yield opened


@pytest.fixture(scope="module")
def metadata(wheel):
    """What the wheel says of itself."""
    (name,) = (name for name in wheel.namelist() if name.endswith("/METADATA"))
    return email.message_from_bytes(wheel.read(name))


def test_the_wheel_holds_every_file_of_the_package(wheel):
    """Modules, templates, scripts, styles, translations: nothing stays behind."""
    in_checkout = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / PACKAGE).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    in_wheel = {name for name in wheel.namelist() if ".dist-info/" not in name}

    assert in_wheel == in_checkout


@pytest.mark.parametrize(
    "pattern",
    [
        "py.typed",
        "templates/*.html",
        "static/*.js",
        "static/*.css",
        "templatetags/*.py",
    ],
)
def test_the_wheel_holds_each_kind_of_file(wheel, pattern):
    """A page needs more than modules."""
    folder, _, name = pattern.rpartition("/")
    found = [
        path
        for path in map(Path, wheel.namelist())
        if path.match(name) and path.is_relative_to(Path(PACKAGE, folder))
    ]

    assert found


def test_every_translation_is_compiled():
    """A language works from the wheel, where nobody runs compilemessages."""
    sources = list((ROOT / PACKAGE).rglob("*.po"))
    missing = [path for path in sources if not path.with_suffix(".mo").exists()]

    assert missing == []


def test_the_wheel_names_itself(metadata):
    """Name, licence and Python are those we promise."""
    assert metadata["Name"] == "django-ephemeral-tasks"
    assert metadata["License-Expression"] == "BSD-3-Clause"
    assert metadata["Requires-Python"] == ">=3.11"


def test_the_description_has_no_dead_link(metadata):
    """Where it stands alone, as on PyPI, no path of the repository leads anywhere."""
    description = metadata.get_payload()

    assert "# django-ephemeral-tasks" in description
    assert re.findall(r"\]\((?!https:)[^)]*\)", description) == []
    assert "(`docs/quickstart.md`)" in description


def test_the_sdist_holds_what_the_readme_names(tmp_path):
    """Its links, the files of its commands, and the tests with all they read."""
    command = [sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir"]
    subprocess.run([*command, tmp_path, ROOT], stdout=subprocess.PIPE, check=True)
    (path,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(path) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    readme = (ROOT / "README.md").read_text()
    links = set(re.findall(r"\]\((?!https:)([^)]*)\)", readme))

    assert links | {"manage.py", "requirements.txt", "tox.ini", ".ci/run"} <= names


def test_the_wheel_asks_for_four_packages(metadata):
    """An installation brings Django's own world and no broker."""
    asked = metadata.get_all("Requires-Dist")

    assert [line for line in asked if "extra" not in line] == [
        "channels>=4.3",
        "django-htmx>=1.29",
        "django-tasks>=0.12; python_version < '3.12'",
        "django>=5.2",
    ]


def test_the_demo_installs_what_the_package_and_it_need():
    """requirements.txt and pyproject.toml say the same, bounds included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    installed = {
        requirement.name: requirement
        for line in lines
        if line and not line.startswith("#")
        for requirement in [Requirement(line)]
    }
    needed = map(
        Requirement,
        project["project"]["dependencies"] + project["dependency-groups"]["demo"],
    )

    assert "daphne" in installed["channels"].extras
    for requirement in needed:
        if requirement.name != "daphne":
            found = installed[requirement.name]
            assert set(requirement.specifier) <= set(found.specifier)
            assert requirement.marker == found.marker


@pytest.mark.parametrize(
    ("classifier", "factor"),
    [
        (r"Framework :: Django :: (\d)\.(\d+)", "django"),
        (r"Programming Language :: Python :: (3)\.(\d+)", "py"),
    ],
)
def test_each_promised_version_has_a_tox_environment(metadata, classifier, factor):
    """A classifier is a promise that the suite has been run there."""
    tox = configparser.ConfigParser()
    tox.read(ROOT / "tox.ini")
    names = re.split(r"[,\s]+", tox["tox"]["env_list"])
    run = {part for name in names if name[:2] == "py" for part in name.split("-")}
    promised = [
        factor + "".join(match.groups())
        for line in metadata.get_all("Classifier")
        if (match := re.fullmatch(classifier, line))
    ]

    assert promised
    assert set(promised) <= run
