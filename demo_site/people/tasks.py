"""The task: users as a CSV file."""

import csv
import io

from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _

from ephemeral_tasks import ResultFile, progress, task

# A spreadsheet takes a cell that begins so for a formula; a visitor chooses their name.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = ("username", "email", "first_name", "last_name", "date_joined", "is_staff")


# Unique, so that two clicks make one operation; the permission counts for Try again.
@task(label=_("Export as CSV"), permission="auth.view_user", unique=("ids",))
def export_users(ids: list[str]) -> ResultFile:
    """Return a file with a line for each user that is still there."""
    users = get_user_model().objects.in_bulk(ids).values()
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    for user in progress.track(users):
        writer.writerow([_cell(getattr(user, column)) for column in COLUMNS])
    data = written.getvalue().encode("utf-8-sig")  # spreadsheets look for the mark
    return ResultFile("users.csv", data, "text/csv; charset=utf-8")


def _cell(value: object) -> str:
    """Return a value as a text that no spreadsheet evaluates."""
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA) else text
