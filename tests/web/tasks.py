"""What visitors of the tests' site may start."""

import asyncio
from collections import defaultdict

from django import forms

from ephemeral_tasks import TaskFailed, progress, task
from ephemeral_tasks.testing import Hold

holds: defaultdict[str, Hold] = defaultdict(Hold)
calls: list[dict] = []
results: dict[str, object] = {}


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


class KindsForm(forms.Form):
    """A field of each kind, none required."""

    text = forms.CharField(required=False)
    number = forms.IntegerField(required=False)
    ratio = forms.FloatField(required=False)
    price = forms.DecimalField(required=False, max_digits=20)
    local = forms.FloatField(required=False, localize=True)
    day = forms.DateField(required=False)
    time = forms.TimeField(required=False)
    moment = forms.DateTimeField(required=False)
    split = forms.SplitDateTimeField(required=False)
    picked = forms.DateField(required=False, widget=forms.SelectDateWidget)
    pause = forms.DurationField(required=False)
    sure = forms.BooleanField(required=False)
    perhaps = forms.NullBooleanField(required=False)
    choice = forms.ChoiceField(required=False, choices=[("1", "One"), ("True", "Yes")])
    typed = forms.TypedChoiceField(required=False, choices=[(1, "One")], coerce=int)
    several = forms.MultipleChoiceField(
        required=False, choices=[("1", "One"), ("True", "Yes")]
    )
    address = forms.GenericIPAddressField(required=False)
    mail = forms.EmailField(required=False)
    page = forms.URLField(required=False, assume_scheme="https")
    slug = forms.SlugField(required=False)
    id = forms.UUIDField(required=False)
    file = forms.FileField(required=False)
    document = forms.JSONField(required=False)


class BrittleForm(forms.Form):
    """A form whose own code knows texts alone."""

    text = forms.CharField(required=False)
    note = forms.CharField(required=False)

    def clean(self):
        """Raise what the text names."""
        errors = {"key": KeyError, "type": TypeError, "system": OSError}
        raise errors[self.cleaned_data["text"]]("secret")


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
    await holds[name].stop()
    return name


@task(form=HoldForm, cancellable=False)
async def web_stubborn(name):
    """Go on whatever its owner says."""
    await holds[name].stop()
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


@task(form=NoForm)
async def web_object():
    """Return what JSON cannot express."""
    return object()


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


@task(form=KindsForm)
async def web_kinds(**values):
    """Take a value of each kind."""
    return {name: value for name, value in values.items() if value not in (None, "")}


@task(form=BrittleForm)
async def web_brittle(text, note):
    """Never run."""


@task(form=HoldForm)
async def web_give(name):
    """Return what the test put there."""
    return results[name]
