"""Submits an operation and has nothing else to do."""

from django.core.management.base import BaseCommand

from ephemeral_tasks import submit
from tests.servers.site import tasks


class Command(BaseCommand):
    """``work TASK NAME``."""

    def add_arguments(self, parser):
        """What to submit."""
        parser.add_argument("task")
        parser.add_argument("name")

    def handle(self, *args, task, name, **options):
        """The operation is submitted."""
        submit("command", getattr(tasks, task), name)
