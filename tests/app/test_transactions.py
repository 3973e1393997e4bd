"""Work that is started inside a transaction."""

from functools import partial

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from ephemeral_tasks import result, submit, window
from ephemeral_tasks.testing import drain
from tests.app import tasks

pytestmark = pytest.mark.django_db(transaction=True)


def names() -> list[str]:
    """The users that the pool's own connection sees."""
    return [user.username for user in User.objects.all()]


def test_a_body_may_start_before_the_commit(owner):
    """Submitted inside a transaction it does not see what the transaction wrote."""
    with transaction.atomic():
        User.objects.create(username="ann")
        submit(owner, tasks.app_plain_call, names)
        drain()
        (row,) = window(owner)

    assert result(owner, row.id) == []


def test_after_the_commit_it_sees_what_was_written(owner):
    """on_commit() is the way, as docs/django-tasks.md shows it."""
    with transaction.atomic():
        User.objects.create(username="ann")
        transaction.on_commit(partial(submit, owner, tasks.app_plain_call, names))
        assert window(owner) == ()
    drain()

    (row,) = window(owner)
    assert result(owner, row.id) == ["ann"]


def test_after_a_rollback_nothing_was_started(owner):
    """What never happened starts no work."""
    with transaction.atomic():
        transaction.on_commit(partial(submit, owner, tasks.app_plain_call, names))
        transaction.set_rollback(True)

    assert window(owner) == ()
