"""Virtual environments that see nothing of the checkout."""

import os
import subprocess
import venv
from pathlib import Path


def make_python(folder: Path, *requirements: str) -> Path:
    """An interpreter that has the requirements, what they ask for, and no more."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    command = [python, "-m", "pip", "install", "--quiet", "--no-compile"]
    subprocess.run([*command, *requirements], env=clean_environment(), check=True)
    return python


def clean_environment() -> dict[str, str]:
    """This process's variables without those that lead back to the checkout."""
    leading = ("DJANGO_SETTINGS_MODULE", "PYTHONPATH")
    return {name: value for name, value in os.environ.items() if name not in leading}
