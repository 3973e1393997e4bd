"""Staff with some of the rights, and a pool that is empty before each test."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

from ephemeral_tasks import pool
from ephemeral_tasks.testing import Hold, drain

PAGE = "/admin/ephemeral_tasks/pool/"
numbers = itertools.count()


@pytest.fixture(autouse=True)
def _site(db, settings) -> Iterator[None]:
    """The admin is mounted, and nothing is left of the test before."""
    settings.ROOT_URLCONF = "tests.admin.urls"
    pool.reset()
    yield
    pool.reset()


@pytest.fixture
def make_client() -> Callable[..., Client]:
    """Makes browsers of users who are made for it, with these rights."""

    def make_client(*rights: str, is_csrf_checked: bool = False, **fields) -> Client:
        name = f"user-{next(numbers)}"
        user = get_user_model().objects.create_user(
            name, **{"is_staff": True, **fields}
        )
        codenames = [f"{right}_pool" for right in rights]
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client = Client(enforce_csrf_checks=is_csrf_checked)
        client.force_login(user)
        return client

    return make_client


@pytest.fixture
def operator(make_client) -> Client:
    """The browser of an operator with every right."""
    return make_client("view", "pause", "resize", "cancel")


@pytest.fixture
def make_hold() -> Iterator[Callable[[], Hold]]:
    """Makes holds that are open at the test's end, when everything has ended."""
    made: list[Hold] = []

    def make() -> Hold:
        made.append(Hold())
        return made[-1]

    yield make
    pool.resume()
    for hold in made:
        hold.open()
    drain()


@pytest.fixture
def hold(make_hold) -> Hold:
    """A hold that is open at the test's end."""
    return make_hold()
