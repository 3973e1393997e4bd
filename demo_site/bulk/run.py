"""The loop over files and languages."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_IMODE

from demo_site.bulk.outcomes import Ending, Outcome
from demo_site.bulk.plan import Job, Plan
from demo_site.bulk.record import Made, Record, digest
from demo_site.bulk.sources import Unreadable, decode, read
from demo_site.bulk.writing import write
from demo_site.translation import EngineError, NoEngine, Splice
from ephemeral_tasks.core import Summary, for_each

# Part of each digest: a new number after a change of what the same source becomes.
_VERSION = 1

# How long, after patience was in vain, the next document waits for an engine; longer
# than one that has failed too often is left alone.
RECOVERY_SECONDS = 15.0
# Between two looks whether an engine has come back.
_LOOK_SECONDS = 0.5

# Of the time, at most this share is spent on writing the record.
_SAVING_SHARE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command was asked for."""

    folder: Path
    out: Path
    """Where the translations go: the folder, or another one."""

    source: str
    engines: tuple[str, ...]
    """The kinds of the engines: another one translates differently."""

    limit: int
    """How many documents are translated at once."""

    is_forced: bool = False
    """Whether unchanged and foreign files are translated and replaced, too."""

    is_dry: bool = False
    """Whether nothing is translated and written."""

    is_following: bool = False
    """Whether links within a document follow its headings."""


@dataclass(kw_only=True)
class Run:
    """Translates jobs, each for itself. Belongs to one loop."""

    options: Options
    plan: Plan
    record: Record
    translate: Callable[..., Awaitable[Splice]]
    """As `translate_document`."""

    is_available: Callable[[str, str], bool]
    """Whether an engine answers for a source and a target language."""

    outcomes: list[Outcome] = field(default_factory=list)
    _is_in_doubt: bool = field(default=False, init=False)
    """Whether it was in vain to be patient with the engines."""

    _next_saving: float = field(default=0.0, init=False)
    """By the monotonic clock."""

    @property
    def left(self) -> list[Job]:
        """Return the jobs that have not ended."""
        ended = {outcome.job for outcome in self.outcomes}
        return [job for job in self.plan.jobs if job not in ended]

    def count(self, ending: Ending) -> int:
        """Return how many jobs ended so."""
        return sum(outcome.ending is ending for outcome in self.outcomes)

    async def run(self, show: Callable[[Outcome], object]) -> Summary:
        """Do all jobs; the summary is stopped where no engine answers any more.

        Args:
            show: Called with each job that has ended.
        """

        async def do(job: Job) -> None:
            await self._assure(job)
            outcome = await self._try(job)
            self.outcomes.append(outcome)
            show(outcome)

        try:
            # A body raises only if no other could do better: that ends the loop.
            return await for_each(
                self.plan.jobs, do, limit=self.options.limit, stop_after=1
            )
        finally:
            self._save()

    async def _assure(self, job: Job) -> None:
        """After a document in vain, wait a little for an engine that answers.

        So patience is spent once where all engines are away, and yet a document that
        every engine fails at does not end the others' work.

        Raises:
            NoEngine: There is none.
        """
        if not self._is_in_doubt:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(RECOVERY_SECONDS):
                # The engines live on another loop, and send no event.
                while not self.is_available(self.options.source, job.target):  # noqa: ASYNC110
                    await asyncio.sleep(_LOOK_SECONDS)
                self._is_in_doubt = False
                return
        raise NoEngine("no translation engine answers")

    async def _try(self, job: Job) -> Outcome:
        try:
            return await self._outcome(job)
        except NoEngine as error:
            self._is_in_doubt = True
            return Outcome(job, Ending.FAILED, str(error))
        except (EngineError, Unreadable) as error:
            return Outcome(job, Ending.FAILED, str(error))
        except OSError as error:
            return Outcome(job, Ending.FAILED, error.strerror or "cannot be written")
        except Exception as error:  # one file's fault must not end the others' work
            # Its text might quote the document.
            return Outcome(job, Ending.FAILED, type(error).__name__)

    async def _outcome(self, job: Job) -> Outcome:
        options = self.options
        data = read(options.folder / job.name)
        text = decode(data)
        linked = self.plan.linked.get(job.name, frozenset())
        of = self._digest(job, data, linked)
        if not options.is_forced and self._is_made(job, of):
            return Outcome(job, Ending.UNCHANGED)
        if options.is_dry:
            return Outcome(job, Ending.DUE)
        splice = await self.translate(
            text,
            options.source,
            job.target,
            linked=linked,
            is_following=options.is_following,
        )
        self._write(job, of, splice.text.encode())
        kept = f"{splice.kept} of {splice.total} texts kept their original"
        return Outcome(job, Ending.TRANSLATED, kept if splice.kept else "")

    def _digest(self, job: Job, data: bytes, linked: frozenset[str]) -> str:
        """Return a digest of all that decides what a translation is."""
        asked = self.options
        how = (asked.source, job.target, asked.engines, asked.is_following)
        return digest(_VERSION, *how, sorted(linked), digest(data))

    def _is_made(self, job: Job, of: str) -> bool:
        """Return whether a translation is there already and made of the same.

        Raises:
            Unreadable: There is a file that somebody else has written or changed.
        """
        path = self.options.out / job.output
        if not os.path.lexists(path):
            return False
        made = self.record.get(*job)
        if made is not None and made.of == of:
            return True
        if made is None or digest(read(path)) != made.output:
            raise Unreadable(f"{job.output} has other contents (--force replaces it)")
        return False

    def _write(self, job: Job, of: str, data: bytes) -> None:
        """Write and remember a translation; at once, so that no Ctrl-C is between."""
        path = self.options.out / job.output
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = S_IMODE((self.options.folder / job.name).stat().st_mode)
        write(path, data, mode=mode)
        self.record.note(*job, Made(of, digest(data)))
        if time.monotonic() >= self._next_saving:
            self._save()

    def _save(self) -> None:
        """Write the record, if there is anything new in it."""
        started = time.monotonic()
        self.record.save()
        ended = time.monotonic()
        self._next_saving = ended + (ended - started) / _SAVING_SHARE
