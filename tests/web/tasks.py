"""What visitors of the tests' site may start."""

import asyncio
from collections import defaultdict

from django import forms

from ephemeral_tasks import TaskFailed, progress, task
from tests.web.hold import Hold

holds: defaultdict[str, Hold] = defaultdict(Hold)
calls: list[dict] = []


class EchoForm(forms.Form):
    text = forms.CharField()
    language = forms.ChoiceField(choices=[("es", "Spanish"), ("fr", "French")])


class HoldForm(forms.Form):
    name = forms.CharField()


class UploadForm(forms.Form):
    document = forms.FileField()


class LookForm(forms.Form):
    key = forms.CharField()
    next = forms.CharField()

    class Media:
        js = ("look.js",)


class OwnForm(forms.Form):
    """Offers what the user may choose, and adds what only the server knows."""

    document = forms.ChoiceField()

    def __init__(self, *args, request, **kwargs):
        """Offers the user's own documents."""
        super().__init__(*args, **kwargs)
        self.user = request.user
        own = f"{self.user.get_username()}.txt"
        self.fields["document"].choices = [(own, own)]

    def clean(self):
        """Return what was chosen, and for whom."""
        return {**super().clean(), "user_id": self.user.pk}

    class Media:
        js = ("own.js",)


class NoForm(forms.Form):
    pass


@task(label="Echo", form=EchoForm, shown=("language",))
async def web_echo(text, language):
    """Say it in a language."""
    calls.append({"text": text, "language": language})
    return f"{text} in {language}"


@task(form=HoldForm)
async def web_hold(name):
    """Stop at paragraph three until the test lets go."""
    progress(3, 12, "paragraph 3")
    await holds[name].passed()
    return name


@task(form=HoldForm, cancellable=False)
async def web_stubborn(name):
    """Go on whatever its owner says."""
    await holds[name].passed()
    return name


@task(label=lambda language: f"Say {language}", form=EchoForm, shown=("language",))
async def web_say(text, language):
    """Fail with a sentence."""
    raise TaskFailed(f"the word {text} cannot be said")


@task(form=UploadForm)
async def web_upload(document):
    """Read a file."""
    return {
        "name": document.name,
        "type": document.content_type,
        "content": document.read().decode(),
    }


@task(form=LookForm)
async def web_look(key, next):  # noqa: A002  # a field named as one of ours
    """Take arguments that are named as fields of ours."""
    return [key, next]


@task(form=OwnForm)
async def web_own(document, user_id):
    """Take a document of the user's."""
    return [document, user_id]


@task(form=NoForm)
async def web_object():
    """Return what JSON cannot express."""
    return object()


@task(form=NoForm, max_attempts=4, backoff=lambda attempt, error: 3600)
async def web_flaky():
    """Fail, and try again in an hour."""
    raise ConnectionError


@task
async def web_hidden():
    """Have no form."""


@task(form=NoForm)
async def web_rush():
    """Tell of ten thousand steps and return."""
    for done in range(10_000):
        progress(done, 10_000)
        if done % 1000 == 0:
            await asyncio.sleep(0)
