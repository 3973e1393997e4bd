"""The documents that visitors can start with."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "documents"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A document to start with."""

    name: str
    """The value in the page's URL."""
    title: str
    text: str


@cache
def samples() -> dict[str, Sample]:
    """Return all samples by name, sorted; the files are read once."""
    return {
        path.stem: Sample(
            name=path.stem,
            title=path.stem.replace("-", " ").capitalize(),
            text=path.read_text(encoding="utf-8"),
        )
        for path in sorted(FOLDER.glob("*.md"))
    }
