"""Tasks that ask, and a page of a site with their rows."""

from django import forms

from ephemeral_tasks import aask, task, write
from tests.browser.engine import gates


class YearForm(forms.Form):
    year = forms.IntegerField(min_value=2000)
    note = forms.CharField(required=False)


class GateForm(forms.Form):
    gate = forms.CharField(max_length=200)


@task(label="Copy", form=GateForm)
async def copy(gate):
    """Ask at the gate which of two; say which."""
    await gates[gate].passed()
    answer = await aask("Overwrite 3 files?", choices=("Overwrite", "Keep"))
    return f"chosen: {answer}"


@task(label="Count", form=GateForm)
async def count_year(gate):
    """Ask for a year, and say it."""
    answer = await aask("Which year?", form=YearForm)
    return f"{answer['year']} {answer['note']}"


@task(label="Wide", form=GateForm)
async def ask_widely(gate):
    """Write and ask something without a blank in it."""
    write("w" * 200)
    return await aask("w" * 200, choices=("w" * 60, "Keep"))
