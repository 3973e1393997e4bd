"""`manage.py translate_markdown DIR --to es,fr`: translate the files of a folder."""

from __future__ import annotations

import asyncio
import sys
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError

from demo_site.bulk.display import make_display, printable
from demo_site.bulk.outcomes import Ending
from demo_site.bulk.pairs import check_pairs, engine_kinds
from demo_site.bulk.plan import make_plan
from demo_site.bulk.record import BadRecord, Record
from demo_site.bulk.run import Options, Run
from demo_site.translation import get_engine, translate_document
from ephemeral_tasks.core import Summary

INTERRUPTED = 130
"""The exit code of a program that Ctrl-C has ended: 128 and SIGINT's number."""

_LISTED = 20
"""Names of what is left, at most."""


class Command(BaseCommand):
    """Translate all Markdown files below a folder, as far as they have changed."""

    help = (
        "Translates the Markdown files below a folder into NAME.LANG.md beside each, "
        "and skips what has not changed. Exit codes: 0, 1 when a file could not be "
        "translated, 130 after Ctrl-C, which leaves no half file."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the folder, the languages, and how."""
        parser.add_argument("dir", type=Path, metavar="DIR", help="the folder")
        parser.add_argument(
            "--to",
            required=True,
            metavar="LANG,…",
            help="the languages to translate into, with commas: es,fr",
        )
        parser.add_argument(
            "--from",
            dest="source",
            default="en",
            metavar="LANG",
            help="the language of the files, by default en",
        )
        parser.add_argument(
            "--out",
            type=Path,
            metavar="DIR",
            help="a folder for the translations, made if missing; by default they "
            "are beside their sources",
        )
        parser.add_argument(
            "--anchors",
            choices=["keep", "follow"],
            default="keep",
            help="what keeps links to translated headings alive: headings keep "
            "their old ids, or the links within a document follow to the new ones",
        )
        parser.add_argument(
            "--force",
            action="store_true",
            help="translate unchanged files too, and replace translations that "
            "somebody else has written or changed",
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="say what would be translated, and write nothing",
        )
        parser.add_argument(
            "--jobs",
            type=_positive,
            default=4,
            metavar="N",
            help="documents that are translated at once, by default 4",
        )

    def handle(self, *args: Any, **given: Any) -> None:
        """Translate, and say what was done, what failed, and what is left."""
        self._streams = (
            given.get("stdout") or sys.stdout,
            given.get("stderr") or sys.stderr,
        )
        self._verbosity = given["verbosity"]
        try:
            run = self._prepare(given)
        except BadRecord as error:
            message = printable(str(error), self._streams[1])
            raise CommandError(message) from None
        except KeyboardInterrupt:
            raise CommandError("Interrupted.", returncode=INTERRUPTED) from None
        for name, reason in sorted(run.plan.problems.items()):
            self._say(f"{name}: {reason}")
        self._report(run, self._do(run))

    def _prepare(self, given: dict[str, Any]) -> Run:
        """Return the run; it has not begun."""
        options = _options(given)
        targets = _targets(given["to"])
        notice = check_pairs(options.source, targets)
        if notice and self._verbosity:
            self._say(notice)
        return Run(
            options=options,
            plan=make_plan(options.folder, options.out, targets),
            record=Record.load(options.out),
            translate=translate_document,
            is_available=get_engine().is_available,
        )

    def _do(self, run: Run) -> Summary | None:
        """Return how the run has ended; None after Ctrl-C."""
        total = len(run.plan.jobs)
        display = make_display(*self._streams, total=total, verbosity=self._verbosity)
        try:
            return asyncio.run(run.run(display.show))
        except KeyboardInterrupt:
            return None
        except OSError as error:
            message = f"the record cannot be written: {error.strerror}"
            raise CommandError(message) from None
        finally:
            display.close()

    def _report(self, run: Run, summary: Summary | None) -> None:
        """Say how many files ended how, and which are left.

        Raises:
            CommandError: Not all of them are translated.
        """
        left = run.left
        counts = {each.value: run.count(each) for each in Ending}
        counts["not readable"], counts["left"] = len(run.plan.problems), len(left)
        parts = [f"{count} {name}" for name, count in counts.items() if count]
        if self._verbosity:
            self.stdout.write(", ".join(parts) or "No Markdown files.")
        for job in left[:_LISTED]:
            self._say(f"left: {job.name} ({job.target})")
        if len(left) > _LISTED:
            self._say(f"left: {len(left) - _LISTED} more")
        if summary is None:
            raise CommandError("Interrupted.", returncode=INTERRUPTED)
        if summary.is_stopped:
            raise CommandError(f"Stopped: {summary.failures[-1].error}.")
        if run.plan.problems or run.count(Ending.FAILED):
            raise CommandError("Not all files are translated.")

    def _say(self, text: str) -> None:
        """Write a line that no name of a file can break."""
        stream = self._streams[1]
        stream.write(f"{printable(text, stream)}\n")
        stream.flush()


def _options(given: dict[str, Any]) -> Options:
    """Return what was asked for."""
    folder: Path = given["dir"]
    if not folder.is_dir():
        raise CommandError(f"{folder} is not a folder")
    return Options(
        folder=folder,
        out=given["out"] or folder,
        source=given["source"],
        engines=engine_kinds(),
        limit=given["jobs"],
        is_forced=given["force"],
        is_dry=given["dry_run"],
        is_following=given["anchors"] == "follow",
    )


def _targets(text: str) -> list[str]:
    """Return the languages of a list with commas, each once."""
    return list(dict.fromkeys(filter(None, map(str.strip, text.split(",")))))


def _positive(text: str) -> int:
    """Return a number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"must be a whole number >= 1, got {text!r}")
    return int(text)
