"""The operators' page among many owners, and what its numbers cost meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

import django
from django.conf import settings
from django.urls import include, path

from benchmarks.measure import Cost, Figure, main, stopwatch
from benchmarks.pool import owner, until_idle

_WINDOW_SECONDS = 15 * 60
_SAMPLES = 180


def configure() -> None:
    """Set Django up with its admin, and with bounds that are not reached."""
    settings.configure(
        SECRET_KEY="not a secret: the benchmark's own",
        ALLOWED_HOSTS=["testserver"],
        INSTALLED_APPS=[
            "django.contrib.admin",
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "django.contrib.sessions",
            "django.contrib.messages",
            "django.contrib.staticfiles",
            "django_htmx",
            "ephemeral_tasks",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ],
                },
            }
        ],
        DATABASES={
            "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
        },
        ROOT_URLCONF="__main__",
        STATIC_URL="static/",
        USE_TZ=True,
        # Its work is another benchmark's (P9).
        EPHEMERAL_TASKS={"MAX_WAITING": 2_000, "SWEEP_SECONDS": 3600},
    )
    django.setup()


def operators(is_quick: bool) -> Iterator[Figure]:
    """Answers with 1,000 waiting and 20,000 owners, and one sample of 5 s."""
    owners, waiting, rounds = (200, 20, 2) if is_quick else (20_000, 1_000, 20)
    with _crowd(owners, waiting) as sample:
        client = _log_in()
        page = "/admin/ephemeral_tasks/pool/"
        answers = {
            "the page": lambda: client.get(page),
            "a refresh": lambda: client.get(page, headers={"HX-Request": "true"}),
            "a refresh, filtered": lambda: client.get(
                f"{page}?task=noop&state=finished", headers={"HX-Request": "true"}
            ),
            "JSON": lambda: client.get(f"{page}data/"),
        }
        for what, ask in answers.items():
            yield _figure(
                f"{what}, {waiting:,} waiting, {owners:,} owners", ask, rounds
            )
        yield Figure(
            measure="operators",
            what="one sample, of a pool's 5 s (1 % of a core are 50 ms)",
            value=1e3 * sample.cpu / _SAMPLES,
            unit="ms by CPU",
            target=50,
        )


@contextmanager
def _crowd(owners: int, waiting: int) -> Iterator[Cost]:
    """Fill the pool and its 15 minutes; give what the samples cost."""
    from benchmarks.bodies import noop
    from ephemeral_tasks import pool, submit
    from ephemeral_tasks.testing import manual_clock

    with manual_clock() as clock:
        for number in range(owners):
            submit(owner(number), noop)
            if number % 500 == 0:
                until_idle()
        until_idle()
        pool.pause()
        for number in range(waiting):
            submit(owner(number), noop)
        with stopwatch(time.process_time) as watch:
            clock.advance(_WINDOW_SECONDS)
        yield watch.cost


def _log_in() -> Any:
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from django.test import Client

    call_command("migrate", verbosity=0)
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("root"))
    return client


def _figure(what: str, ask: Callable[[], Any], rounds: int) -> Figure:
    assert ask().status_code == 200  # what the first one loads
    costs = []
    for _ in range(rounds):
        with stopwatch() as watch:
            size = len(ask().content)
        costs.append(watch.cost)
    return Figure(
        measure="operators",
        what=what,
        value=1e3 * median(one.cpu for one in costs),
        unit="ms by CPU",
        target=50,
        details={
            "wall ms": 1e3 * median(one.wall for one in costs),
            "KiB": size / 1024,
        },
    )


urlpatterns: list[Any] = []

if __name__ == "__main__":
    configure()
    from django.contrib import admin

    urlpatterns += [
        path("admin/", admin.site.urls),
        path("tasks/", include("ephemeral_tasks.urls")),
    ]
    main({"operators": operators})
