"""What visitors of the sites may start."""

from django import forms

from ephemeral_tasks import ResultFile, progress, task
from tests.browser.engine import gates


class CountForm(forms.Form):
    gate = forms.CharField(max_length=200)


class NameForm(forms.Form):
    gate = forms.CharField(label="Gate of the other", min_length=3)


@task(label="Count", form=CountForm, shown=("gate",))
async def count(gate):
    """Is at two of twenty until the gate lets it go."""
    progress(2, 20)
    await gates[gate].passed()
    return "counted"


@task(label="File", form=CountForm)
async def file(gate):
    """Return a page of its own when the gate lets it go."""
    await gates[gate].passed()
    return ResultFile("Übersicht 1.html", b"<title>Inside</title>", "text/html")


@task(label="Name", form=NameForm)
async def name(gate):
    """Say the name."""
    return gate


@task(label="Say", form=CountForm)
async def say(gate):
    """Say at length what it does, until the gate lets it go."""
    progress(7, 20, gate * 12)
    await gates[gate].passed()
