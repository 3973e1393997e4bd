"""The model behind the rights: no table, no migration, no query."""

import json
import subprocess
import sys
from io import StringIO

from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.db import connection

from ephemeral_tasks.models import Pool
from ephemeral_tasks.web.operators_rights import RIGHTS
from tests.layers import ROOT

BARE = """
import django
from django.conf import settings
settings.configure(
    SECRET_KEY="x",
    INSTALLED_APPS=["ephemeral_tasks"],
    DATABASES={},
    ROOT_URLCONF="ephemeral_tasks.urls",
    SILENCED_SYSTEM_CHECKS=["ephemeral_tasks.E004", "ephemeral_tasks.E005"],
)
django.setup()
from django.apps import apps
from django.core.management import call_command
call_command("check", fail_level="ERROR")
assert apps.get_model("ephemeral_tasks", "Pool")
from ephemeral_tasks import operators, submit, task
assert operators.overview().statistics is None
"""


def test_migrate_makes_the_permissions_and_no_table():
    """As it did for these tests."""
    found = Permission.objects.filter(content_type__app_label="ephemeral_tasks")

    assert {one.codename for one in found} == {f"{right}_pool" for right in RIGHTS}
    assert Pool._meta.db_table not in connection.introspection.table_names()


def test_there_is_nothing_to_migrate():
    """Makemigrations finds no change, also of ours."""
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_no_query_is_made(django_assert_num_queries):
    """Whoever asks for the rows gets none: there is no table to ask."""
    with django_assert_num_queries(0):
        assert [*Pool.objects.all()] == []
        assert Pool._base_manager.count() == 0


def test_a_dump_of_all_models_works():
    """Dumpdata asks every model for its rows."""
    written = StringIO()

    call_command("dumpdata", "ephemeral_tasks", "auth.Group", stdout=written)
    assert json.loads(written.getvalue()) == []
    call_command("dumpdata", "ephemeral_tasks", all=True, stdout=StringIO())


def test_a_site_without_admin_users_and_database_goes_on_working():
    """The model needs no other app, and admin.py is imported by the admin alone."""
    command = [sys.executable, "-W", "error", "-c", BARE]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
