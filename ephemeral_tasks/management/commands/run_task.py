"""``manage.py run_task NAME``: run a task here and now, and print its result."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from inspect import Signature
from typing import Any

from asgiref.sync import async_to_sync
from django.core.management import BaseCommand, CommandError
from django.forms import BaseForm

from ...core.status import Status
from ...errors import EphemeralTasksError
from ...registry import registry
from ...result_file import ResultFile
from ...row import Row
from ...web import inputs, result_text
from ...web.refusals import InvalidInput, refusal_of
from ..following import follow
from ..progress_display import make_display

INTERRUPTED = 130
"""The exit code of a program that Ctrl-C has ended: 128 and SIGINT's number."""


class Command(BaseCommand):
    """Run a task in this process's pool, as an operation of nobody else's window."""

    help = (
        "Runs a task and prints its result. Without a name, lists the tasks. Ctrl-C "
        "cancels. Exit codes: 0, 1 when it failed, 130 when it was cancelled."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the name, the arguments, and whether they pass the form."""
        parser.add_argument("name", nargs="?", help="of a task; none to list them")
        parser.add_argument(
            "--json",
            default="{}",
            metavar="ARGS",
            help="the arguments by name, as a JSON object; - reads standard input",
        )
        parser.add_argument(
            "--no-form",
            action="store_true",
            help="pass the arguments as they are, past the task's form",
        )

    def handle(
        self, *, name: str | None, json: str, no_form: bool, **options: Any
    ) -> None:
        """Run the task, or list all of them."""
        if name is None:
            self._list_tasks()
            return
        stream = options.get("stderr") or sys.stderr
        display = make_display(stream) if options["verbosity"] else None
        try:
            task = registry.get(name)
            arguments = _read(json)
            if task.form is not None and not no_form:
                arguments = _clean(task.form, arguments)
            row, value = follow(task, arguments, display)
        except (EphemeralTasksError, TypeError) as error:
            raise CommandError(_describe(error)) from None
        except KeyboardInterrupt:
            raise CommandError(
                "Left before it had ended.", returncode=INTERRUPTED
            ) from None
        self._report(row, value)

    def _list_tasks(self) -> None:
        for task in registry.list_all():
            signature = task.signature.replace(return_annotation=Signature.empty)
            self.stdout.write(f"{task.name}{signature}  {task.label_for()}")

    def _report(self, row: Row, value: object) -> None:
        if row.question is not None:
            raise CommandError(
                f"The task asks, and nobody can answer: {row.question.text}"
            )
        if row.error is not None:
            message = f"{row.error.message} (reference {row.error.reference})"
            raise CommandError(message)
        if row.status is Status.CANCELLED:
            raise CommandError("Cancelled.", returncode=INTERRUPTED)
        if value is not None:
            self._print(value)

    def _print(self, value: object) -> None:
        """Print a result as text or JSON; a file as its bytes, unless to a terminal."""
        whole = value.data if isinstance(value, ResultFile) else value
        found = result_text.write_whole(whole)
        if found is None:
            raise CommandError("The result cannot be expressed as text.")
        content, kind = found
        raw = getattr(self.stdout, "buffer", None)
        if kind != "bin":
            self.stdout.write(content.decode())
        elif raw is None or self.stdout.isatty():
            self.stdout.write(f"{len(content)} bytes; redirect the output into a file.")
        else:
            raw.write(content)


def _read(text: str) -> dict[str, Any]:
    """Return the arguments that a JSON text holds."""
    try:
        found = json.loads(sys.stdin.read() if text == "-" else text)
    except ValueError as error:
        raise CommandError(f"--json is not valid JSON: {error}") from None
    if not isinstance(found, dict):
        raise CommandError(
            "--json must be an object of arguments by name, such as "
            f'\'{{"text": "a"}}\', got {type(found).__name__}'
        )
    return found


def _clean(form_class: type[BaseForm], values: dict[str, Any]) -> dict[str, Any]:
    """Return what a task's form makes of JSON, as over HTTP."""
    return inputs.arguments_of(async_to_sync(inputs.bind)(form_class, values))


def _describe(error: Exception) -> str:
    if isinstance(error, InvalidInput):
        return (
            f"{refusal_of(error).message} (--no-form passes the arguments as they are)"
        )
    return str(error)
