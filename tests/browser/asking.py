"""Tasks that ask, and a page of a site with their rows."""

from django import forms

from ephemeral_tasks import aask, task
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
