"""What ``TRANSLATION_ENGINES`` may say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

KINDS = ("apertium", "apy", "easynmt", "libretranslate", "pseudo")
LOCAL = frozenset({"apertium", "pseudo"})

ALLOWED = (
    "kind=url pairs separated by spaces, such as libretranslate=http://127.0.0.1:5000, "
    f"of these kinds: {' '.join(KINDS)}, or the dotted path of an engine's class; "
    "apertium and pseudo have no url"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One engine, as it is configured."""

    kind: str
    """One of `KINDS`, or a dotted path."""

    url: str = ""
    """Of its server, without a query; empty for a local engine."""

    api_key: str = field(default="", repr=False)
    """Never shown."""


class BadSpec(ValueError):
    """One engine is configured wrongly; the message never contains its key."""


def parse(written: str | Iterable[str]) -> tuple[Spec, ...]:
    """Return the specs of a setting: one string, or one for each engine.

    Raises:
        BadSpec: One is wrong; the message says which and why.
    """
    items = written.split() if isinstance(written, str) else list(written)
    return tuple(map(_parse_item, items))


def _parse_item(item: object) -> Spec:
    if not isinstance(item, str):
        raise BadSpec(f"an engine must be a string, got {type(item).__name__}")
    kind, is_assigned, address = item.partition("=")
    if kind not in KINDS and "." not in kind:
        raise BadSpec(f"unknown kind {_shown(kind)!r}")
    if kind in LOCAL and is_assigned:
        raise BadSpec(f"{kind} has no url")
    if not is_assigned:
        if kind in KINDS and kind not in LOCAL:
            raise BadSpec(f"{kind} needs a url: {kind}=http://host:port")
        return Spec(kind=kind)
    return _parse_address(kind, address)


def _parse_address(kind: str, address: str) -> Spec:
    """Return the spec of a server.

    Raises:
        BadSpec: It is no url, or has parts that have no meaning here.
    """
    try:
        url = urlsplit(address)
        query = parse_qs(url.query, strict_parsing=True) if url.query else {}
        is_server = url.scheme in {"http", "https"} and bool(url.hostname)
        has_port = url.port is None or url.port > 0
    except ValueError:
        raise BadSpec(_needs_url(kind)) from None
    if not (is_server and has_port):
        raise BadSpec(_needs_url(kind))
    if url.username or url.fragment or set(query) - {"api_key"}:
        raise BadSpec(
            f"the url of {_shown(kind)} may have a host, a port, a path and ?api_key=, "
            "nothing else"
        )
    keys = query.get("api_key", [""])
    bare = url._replace(query="").geturl()
    return Spec(kind=kind, url=bare, api_key=keys[-1])


def _needs_url(kind: str) -> str:
    return f"{_shown(kind)} needs a url such as http://host:port"


def _shown(kind: str) -> str:
    """Return a kind as a message shows it: not what may be a url, or its key."""
    return kind if len(kind) <= 60 and "?" not in kind and "/" not in kind else "…"
