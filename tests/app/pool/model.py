"""What the pool must do, said simply: plain lists, and whole scans for everything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count

RETRY_SECONDS, DEFER_SECONDS, SWEEP_SECONDS = 3.0, 4.0, 10.0
IDLE_SECONDS, MAX_AGE_SECONDS = 40.0, 60.0
ATTEMPTS = 2


class Full(Exception):
    """A submission is to be refused."""


@dataclass(eq=False, kw_only=True)
class Modelled:
    """What the model knows of one operation."""

    owner: str | None
    priority: int
    is_plain: bool
    size: int
    submitted: float
    id: str = ""
    state: str = "READY"
    """DEFERRED, READY, PAUSED between attempts, RUNNING, ASKING, or how it ended."""
    attempt: int = 0
    asked: int = 0
    """How many questions it has asked."""
    is_told: bool = False
    is_kept: bool = True
    queued: int = 0
    """When it began to wait; a count, not a time."""
    finished: float = 0.0

    @property
    def is_finished(self) -> bool:
        return self.state in ("SUCCESSFUL", "FAILED", "CANCELLED")

    @property
    def has_key(self) -> bool:
        """From its first start to its end, pauses included, but not while it asks."""
        return not self.is_finished and self.attempt > 0 and self.state != "ASKING"


@dataclass
class Step:
    """What one step of the ledger led to."""

    started: list[Modelled] = field(default_factory=list)
    told: list[Modelled] = field(default_factory=list)
    evicted: set[str] = field(default_factory=set)


@dataclass(kw_only=True)
class Model:
    """The rules of submission, order, ending and forgetting."""

    limit: int
    per_owner: int
    capacity: int
    window_size: int
    refuses: bool
    max_owners: int
    max_bytes: int
    unowned_size: int
    now: float
    is_paused: bool = False
    is_closed: bool = False
    operations: list[Modelled] = field(default_factory=list)
    """All that were accepted, in this order."""
    kept: dict[str, list[Modelled]] = field(default_factory=dict)
    """Each owner's, newest first."""
    ended: list[Modelled] = field(default_factory=list)
    """Those that have finished, in this order."""
    idle: list[str] = field(default_factory=list)
    """Owners of which nothing is unfinished, longest idle first."""
    names: dict[str, list[Modelled]] = field(default_factory=dict)
    """What the cache's windows name."""
    used: dict[str, float] = field(default_factory=dict)
    """When each window was used last."""
    turns: dict[str | None, int] = field(default_factory=dict)
    timers: list[tuple[float, Modelled]] = field(default_factory=list)
    """In the order in which they were set."""
    refused: int = 0
    ending: list[Modelled] = field(default_factory=list)
    """Told bodies, in the order in which they end."""

    def __post_init__(self) -> None:
        self.numbers = count()
        self.step = Step()

    # -- looking -----------------------------------------------------------------------

    def unfinished(self) -> list[Modelled]:
        return [one for one in self.operations if not one.is_finished]

    def running(self) -> list[Modelled]:
        return [one for one in self.operations if one.state == "RUNNING"]

    def waiting(self) -> list[Modelled]:
        """Those that wait for their first start."""
        return [one for one in self.unfinished() if not one.attempt]

    def keepable(self) -> list[Modelled]:
        """Finished and kept: what may be evicted, the one that ended first in front."""
        return [one for one in self.ended if one.is_kept]

    def bytes(self) -> int:
        return sum(
            one.size for one in self.operations if one.is_kept or not one.is_finished
        )

    def read(self, owner: str) -> list[Modelled]:
        """What the owner's window names now."""
        if self.now - self.used.get(owner, self.now) >= IDLE_SECONDS:
            return []
        return [one for one in self.names.get(owner, []) if not self.is_too_old(one)]

    def is_too_old(self, one: Modelled) -> bool:
        return self.now - one.submitted >= MAX_AGE_SECONDS

    def touch(self, owner: str) -> list[Modelled]:
        """Use the window."""
        found = self.read(owner)
        if found:
            self.used[owner] = self.now
        return found

    # -- accepting ---------------------------------------------------------------------

    def submit(self, one: Modelled, *, old: Modelled | None = None) -> None:
        """Take a new operation, in place of ``old`` if that is tried again."""
        leaving = [old] if old else self.leaving(one.owner)
        try:
            evicted = self.admit(one)
        except Full:
            self.refused += 1
            raise
        self.operations.append(one)
        if one.owner is not None:
            siblings = self.kept.setdefault(one.owner, [])
            siblings.insert(siblings.index(old) if old else 0, one)
            self.look_for_rest(one.owner)
        if one.state == "READY":
            self.enqueue(one)
        else:
            self.timers.append((self.now + DEFER_SECONDS, one))
        for other in leaving:
            self.forget(other)
        for other in evicted:
            self.evict(other)
        self.step.evicted.discard(one.owner)
        if one.owner is not None:
            self.names[one.owner] = [*self.kept[one.owner]]
            self.used[one.owner] = self.now
        self.settle()

    def leaving(self, owner: str | None) -> list[Modelled]:
        """What goes for one more: all without a window, else old or pushed out."""
        siblings = [] if owner is None else self.kept.get(owner, [])
        if siblings and not self.read(owner):
            return [*siblings]
        leaving = [one for one in siblings if self.is_too_old(one)]
        staying = [one for one in siblings if one not in leaving]
        while len(staying) >= self.window_size:
            finished = [one for one in staying if one.is_finished]
            if self.refuses and not finished:
                raise WindowIsFull
            oldest = (finished if self.refuses else staying)[-1]
            staying.remove(oldest)
            leaving.append(oldest)
        return leaving

    def admit(self, one: Modelled) -> list[Modelled]:
        """What is evicted for a new operation, if it may come."""
        evicted = []
        is_new = one.owner is not None and one.owner not in self.kept
        if is_new and len(self.kept) >= self.max_owners:
            if not self.idle:
                raise Full
            evicted = [*self.kept[self.idle[0]]]
        over = self.bytes() + one.size - self.max_bytes
        if over > sum(other.size for other in self.keepable()):
            raise Full
        over -= sum(other.size for other in evicted)
        evicted += self.oldest(over, besides=evicted)
        # A body that was forgotten and goes on counts, too.
        siblings = [other for other in self.unfinished() if other.owner == one.owner]
        reserved = max(1, self.capacity // 10) if self.capacity and siblings else 0
        asking = sum(other.state == "ASKING" for other in self.operations)
        above = max(0, len(self.running()) - self.limit)
        taken = len(self.waiting()) + asking + above + reserved
        is_all_taken = taken + len(self.running()) >= self.limit + self.capacity
        may_start = self.starts_at_once(one) and not (asking and is_all_taken)
        if not (taken < self.capacity or may_start):
            raise Full
        return evicted

    def starts_at_once(self, one: Modelled) -> bool:
        """A slot and the owner's turn are free, and nothing of the owner waits."""
        siblings = [other for other in self.unfinished() if other.owner == one.owner]
        return (
            one.state == "READY"
            and self.has_slot()
            and self.may_hold_more(one.owner)
            and not any(other.state == "READY" for other in siblings)
        )

    def has_slot(self) -> bool:
        return not self.is_paused and len(self.running()) < self.limit

    def may_hold_more(self, owner: str | None) -> bool:
        held = sum(one.has_key for one in self.operations if one.owner == owner)
        return owner is None or held < self.per_owner

    def oldest(self, size: int, *, besides: Iterable[Modelled] = ()) -> list[Modelled]:
        """The oldest ends whose bytes make up the size."""
        found: list[Modelled] = []
        for one in self.keepable():
            if size > 0 and one not in besides:
                size -= one.size
                found.append(one)
        return found

    # -- order -------------------------------------------------------------------------

    def enqueue(self, one: Modelled) -> None:
        one.state, one.queued = "READY", next(self.numbers)
        self.turns.setdefault(one.owner, next(self.numbers))
        self.claim()

    def claim(self) -> None:
        """Start what goes next while there is a slot."""
        while self.has_slot():
            heads = [head for owner in self.turns if (head := self.head(owner))]
            if not heads:
                return
            one = min(heads, key=self.rank)
            one.state = "RUNNING"
            one.attempt += 1
            self.turns[one.owner] = next(self.numbers)
            self.step.started.append(one)

    def head(self, owner: str | None) -> Modelled | None:
        """The most urgent of an owner's; what is tried again before a first attempt."""
        may_start = self.may_hold_more(owner)
        ready = [
            one
            for one in self.operations
            if one.owner == owner
            and one.state == "READY"
            and (one.attempt or may_start)
        ]
        return min(
            ready, key=lambda o: (-o.priority, not o.attempt, o.queued), default=None
        )

    def rank(self, head: Modelled) -> tuple[int, bool, int]:
        """The most urgent; of those an owner that runs nothing; the longest ago."""
        is_busy = any(
            one.state in ("RUNNING", "PAUSED")
            for one in self.operations
            if one.owner == head.owner
        )
        return -head.priority, is_busy, self.turns[head.owner]

    def leave_queue(self, one: Modelled, *, held: bool) -> None:
        """After an operation has left: the owner's turn ends, or it is forgotten."""
        siblings = [other for other in self.operations if other.owner == one.owner]
        if held and not any(sibling.has_key for sibling in siblings):
            self.turns[one.owner] = next(self.numbers)
        if not any(sibling.has_key or sibling.state == "READY" for sibling in siblings):
            self.turns.pop(one.owner, None)

    # -- ending ------------------------------------------------------------------------

    def end_body(self, one: Modelled, *, fails: bool, result_size: int) -> None:
        """An attempt ended: well, or with an error."""
        if one.is_told:
            self.finish(one, "CANCELLED")
        elif fails and one.attempt < ATTEMPTS:
            one.state = "PAUSED"
            self.timers.append((self.now + RETRY_SECONDS, one))
            self.claim()
        else:
            if not fails:
                one.size = result_size
            self.finish(one, "FAILED" if fails else "SUCCESSFUL")
        self.settle()

    def ask(self, one: Modelled) -> None:
        """A body asks its owner: what waits may have its slot."""
        one.state = "ASKING"
        one.asked += 1
        self.leave_queue(one, held=True)
        self.claim()
        self.settle()

    def answer(self, one: Modelled) -> None:
        """It goes on, whatever the limits are."""
        siblings = [other for other in self.operations if other.owner == one.owner]
        if not any(sibling.has_key for sibling in siblings):
            self.turns[one.owner] = next(self.numbers)
        one.state = "RUNNING"

    def cancel(self, one: Modelled) -> None:
        self.tell(one)
        self.settle()

    def tell(self, one: Modelled) -> None:
        if one.state == "ASKING":
            self.answer(one)
        if one.state != "RUNNING":
            self.finish(one, "CANCELLED")
        elif not one.is_told:
            one.is_told = True
            self.step.told.append(one)

    def finish(self, one: Modelled, status: str) -> None:
        was_deferred, held = one.state == "DEFERRED", one.has_key
        self.timers = [(due, other) for due, other in self.timers if other is not one]
        one.state, one.finished = status, self.now
        if not was_deferred:
            self.leave_queue(one, held=held)
            self.claim()
        self.ended.append(one)
        if one.is_kept and one.owner is not None:
            self.look_for_rest(one.owner)
        surplus = self.oldest(self.bytes() - self.max_bytes)
        unowned = [other for other in self.keepable() if other.owner is None]
        surplus += unowned[: max(0, len(unowned) - self.unowned_size)]
        for other in surplus:
            self.evict(other)

    def settle(self) -> None:
        """Do all that follows from an event; told bodies end when the rest is done."""
        self.follow()
        while self.ending:
            one = self.ending.pop(0)
            if one.state == "RUNNING":
                self.finish(one, "CANCELLED")
                self.follow()

    def follow(self) -> None:
        """Do what follows from a step of the ledger at once."""
        step, self.step = self.step, Step()
        for one in step.started:
            if one.is_told:  # before its body was called
                self.finish(one, "CANCELLED")
                self.follow()
        for owner in step.evicted:
            self.reconcile(owner)
        self.ending += [one for one in step.told if not one.is_plain]

    # -- forgetting --------------------------------------------------------------------

    def forget(self, one: Modelled) -> None:
        if self.remove(one) and not one.is_finished:
            self.tell(one)

    def evict(self, one: Modelled) -> None:
        self.remove(one)
        if one.owner is not None:
            self.step.evicted.add(one.owner)

    def remove(self, one: Modelled) -> bool:
        if not one.is_kept:
            return False
        one.is_kept = False
        if one.owner is not None:
            self.kept[one.owner].remove(one)
            self.look_for_rest(one.owner)
        return True

    def look_for_rest(self, owner: str) -> None:
        """An owner rests from the end of its last unfinished operation on."""
        siblings = self.kept[owner]
        is_resting = bool(siblings) and all(one.is_finished for one in siblings)
        if not siblings:
            del self.kept[owner]
        if is_resting and owner not in self.idle:
            self.idle.append(owner)
        elif not is_resting and owner in self.idle:
            self.idle.remove(owner)

    def dismiss(self, one: Modelled) -> None:
        self.touch(one.owner)
        self.forget(one)
        self.keep(one.owner)
        self.settle()

    def end_owner(self, owner: str) -> None:
        self.names.pop(owner, None)
        for one in [*self.kept.get(owner, [])]:
            self.forget(one)
        self.settle()

    def keep(self, owner: str) -> None:
        """Drop the handles of what is not kept."""
        named = [one for one in self.read(owner) if one.is_kept]
        if named:
            self.names[owner] = named
        else:
            self.names.pop(owner, None)

    def reconcile(self, owner: str) -> None:
        """Window and memory name the same."""
        named = self.read(owner)
        for one in [*self.kept.get(owner, [])]:
            if one not in named:
                self.forget(one)
        self.keep(owner)
        self.follow()

    # -- time and steering -------------------------------------------------------------

    def wait(self, seconds: float) -> None:
        """Pass the time: end what is due on the way, and sweep at the end."""
        end = self.now + seconds
        due = sorted(self.timers, key=lambda timer: timer[0])
        for instant, one in due:
            self.now = instant
            self.timers.remove((instant, one))
            self.enqueue(one)
            self.settle()
        self.now = end
        self.sweep()
        self.settle()

    def sweep(self) -> None:
        for one in self.keepable():
            is_idle = self.now - one.finished >= IDLE_SECONDS
            if one.owner is None and (is_idle or self.is_too_old(one)):
                self.remove(one)
        for owner in reversed(list(self.kept)):
            self.reconcile(owner)

    def resize(self, limit: int) -> None:
        self.limit = limit
        self.claim()
        self.settle()

    def resume(self) -> None:
        self.is_paused = False
        self.claim()
        self.settle()

    def close(self) -> None:
        """Take no more; what is not due is cancelled."""
        self.is_closed = True
        for one in self.unfinished():
            if one.state == "DEFERRED":
                self.tell(one)
        self.settle()


class WindowIsFull(Exception):
    """All of the owner's operations are unfinished, and none may be pushed out."""
