"""How a parallel loop ended."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One item whose body failed."""

    index: int
    """The item's place in the source, from 0."""

    error: BaseException
    """What the body raised at its last attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How the bodies of a loop ended."""

    successful: int
    """Bodies that ended well."""

    failed: int
    """Bodies that ended with an error."""

    cancelled: int
    """Bodies that ended with a cancellation of their own making."""

    failures: tuple[Failure, ...]
    """The newest failures, at most ``history``, in the order in which they ended."""
