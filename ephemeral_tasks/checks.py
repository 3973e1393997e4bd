"""System checks of the settings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register
from django.utils.module_loading import import_string

from . import variables
from .conf import NAME, RULES, Config, find_problems
from .machine.checks import check_pool

_DUMMY = "django.core.cache.backends.dummy.DummyCache"
_LOCMEM = "django.core.cache.backends.locmem.LocMemCache"
_REQUEST = "django.template.context_processors.request"
_COOKIES = "django.contrib.sessions.backends.signed_cookies"
_AUTHENTICATION = "AuthenticationMiddleware"
_SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"


@register("ephemeral_tasks")
def check_settings(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Return what is wrong with this site's settings."""
    return [
        *_check_settings(),
        *_check_client_of(),
        *_check_context_vars(),
        *_check_middleware(),
        *_check_templates(),
        *_check_cache(),
        *_check_server(),
        *check_pool(),
    ]


def _check_settings() -> Iterator[CheckMessage]:
    for problem in find_problems(getattr(settings, NAME, {})):
        hint = f"Known keys: {', '.join(sorted(RULES))}."
        yield Error(problem, hint=hint, id="ephemeral_tasks.E001")


def _check_client_of() -> Iterator[CheckMessage]:
    given = getattr(settings, NAME, {})
    path = given.get("CLIENT_OF") if isinstance(given, dict) else None
    if not isinstance(path, str):  # None, or a mistake that E001 names
        return
    try:
        function = import_string(path)
    except Exception as error:  # whatever the site's module raises at its import
        reason = f"cannot be imported: {error}"
    else:
        if callable(function) and not iscoroutinefunction(function):
            return
        reason = "is no plain function"
    yield Error(
        f"CLIENT_OF is {path!r}, which {reason}.",
        hint="Write the dotted path of a function, not async, that takes a request or "
        "a socket's scope and returns a text.",
        id="ephemeral_tasks.E008",
    )


def _check_context_vars() -> Iterator[CheckMessage]:
    given = getattr(settings, NAME, {})
    paths = given.get("CONTEXT_VARS") if isinstance(given, dict) else ()
    for path in paths if isinstance(paths, tuple | list) else ():
        if not isinstance(path, str):  # a mistake that E001 names
            continue
        try:
            variables.load(path)
        except Exception as error:  # whatever the site's module raises, too
            yield Error(
                f"{error}.",
                hint="Write the dotted path of a contextvars.ContextVar.",
                id="ephemeral_tasks.E009",
            )


def _check_middleware() -> Iterator[CheckMessage]:
    if not any("SessionMiddleware" in name for name in settings.MIDDLEWARE):
        yield Error(
            "The owner of an operation is kept in the session, and there is none.",
            hint=f"Add {_SESSIONS!r} to MIDDLEWARE.",
            id="ephemeral_tasks.E004",
        )
    given = getattr(settings, NAME, {})
    is_by_user = isinstance(given, dict) and given.get("OWNER") == "user"
    if is_by_user and not any(_AUTHENTICATION in name for name in settings.MIDDLEWARE):
        yield Error(
            "OWNER is 'user', and requests have no user.",
            hint=f"Add 'django.contrib.auth.middleware.{_AUTHENTICATION}' to "
            "MIDDLEWARE.",
            id="ephemeral_tasks.E011",
        )
    if settings.SESSION_ENGINE == _COOKIES:
        yield checks.Warning(
            "Sessions are kept in signed cookies: their browser can read the owner's "
            "key, and logout cannot take it back.",
            hint="Use another SESSION_ENGINE, such as Django's default.",
            id="ephemeral_tasks.W004",
        )


def _check_templates() -> Iterator[CheckMessage]:
    engines: list[dict[str, Any]] = settings.TEMPLATES
    for engine in engines:
        if _REQUEST in engine.get("OPTIONS", {}).get("context_processors", ()):
            return
    yield Error(
        "The template tags need the request, and no engine gives it to templates.",
        hint=f"Add {_REQUEST!r} to the context_processors of a DjangoTemplates engine.",
        id="ephemeral_tasks.E005",
    )


def _check_cache() -> Iterator[CheckMessage]:
    given = getattr(settings, NAME, {})
    alias = given.get("CACHE_ALIAS") if isinstance(given, dict) else None
    if not isinstance(alias, str):  # None, or a mistake that E001 names
        return
    if alias not in settings.CACHES:
        yield Error(
            f"CACHE_ALIAS is {alias!r}, which CACHES does not have.",
            hint=f"Known: {', '.join(sorted(settings.CACHES))}. Or leave it out.",
            id="ephemeral_tasks.E006",
        )
        return
    backend = settings.CACHES[alias].get("BACKEND", "")
    if backend == _DUMMY:
        yield Error(
            f"CACHE_ALIAS is {alias!r}, a cache that keeps nothing: each operation "
            "would be forgotten as soon as it was submitted.",
            hint="Leave CACHE_ALIAS out.",
            id="ephemeral_tasks.E007",
        )
    elif backend != _LOCMEM:
        yield checks.Warning(
            f"CACHE_ALIAS is {alias!r}, a {backend}: its calls may block, and other "
            "processes would read handles whose work they do not have.",
            hint="Leave CACHE_ALIAS out, or name a LocMemCache.",
            id="ephemeral_tasks.W001",
        )
    elif _entries_of(settings.CACHES[alias]) < 2 * _owners(given):
        yield checks.Warning(
            f"CACHE_ALIAS is {alias!r}, which throws out a third of its entries when "
            "it has more than MAX_ENTRIES, living windows first.",
            hint="Give it MAX_ENTRIES of twice MAX_OWNERS, or leave CACHE_ALIAS out.",
            id="ephemeral_tasks.W002",
        )


def _entries_of(cache: dict[str, Any]) -> int:
    """Return how many entries a local-memory cache holds at most."""
    options = {**cache, **cache.get("OPTIONS", {})}  # as Django reads them
    return int(options.get("MAX_ENTRIES", 300))


def _owners(given: dict[str, Any]) -> int:
    owners = given.get("MAX_OWNERS")
    return owners if isinstance(owners, int) else Config().max_owners


def _check_server() -> Iterator[CheckMessage]:
    if getattr(settings, "ASGI_APPLICATION", None) is None:
        yield checks.Warning(
            "ASGI_APPLICATION is not set, so runserver opens no websockets.",
            hint='Set it to "mysite.asgi.application" and put "daphne" first in '
            "INSTALLED_APPS. Without it tables are polled.",
            id="ephemeral_tasks.W003",
        )
