"""What visitors of the tests' site may start."""

import asyncio
import threading
from collections import defaultdict
from enum import Enum

from django import forms
from django.contrib.auth import get_user_model
from django.utils.translation import get_language

from ephemeral_tasks import (
    TaskFailed,
    aask,
    current_operation,
    progress,
    task,
    write,
)
from ephemeral_tasks.testing import Hold


class FormGate:
    """Stops a form's validation in its thread until a test opens it."""

    def __init__(self):
        self.entered, self.opened = threading.Event(), threading.Event()


holds: defaultdict[str, Hold] = defaultdict(Hold)
calls: list[dict] = []
results: dict[str, object] = {}
form_gates: defaultdict[str, FormGate] = defaultdict(FormGate)
texts: dict[str, list[str]] = {}
bursts: dict[str, list[list[str]]] = {}


class EchoForm(forms.Form):
    text = forms.CharField()
    language = forms.ChoiceField(choices=[("es", "Spanish"), ("fr", "French")])


class HoldForm(forms.Form):
    name = forms.CharField()


class UploadForm(forms.Form):
    document = forms.FileField()


class BriefForm(forms.Form):
    note = forms.CharField()
    document = forms.FileField(required=False)


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
    file = forms.FileField(required=False)

    def clean(self):
        """Raise what the text names."""
        errors = {"key": KeyError, "type": TypeError, "system": OSError}
        raise errors[self.cleaned_data["text"]]("secret")


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


class PickForm(forms.Form):
    """What an operation asks for."""

    year = forms.IntegerField(min_value=2000)
    paid = forms.BooleanField(required=False)
    kind = forms.MultipleChoiceField(
        required=False,
        choices=[("a", "A"), ("b", "B")],
        widget=forms.CheckboxSelectMultiple,
    )


class ProofForm(forms.Form):
    """A file that an operation asks for."""

    proof = forms.FileField()


class NoForm(forms.Form):
    pass


class BrokenForm(forms.Form):
    def clean(self):
        raise LookupError("a mistake in the form")


class SlowForm(forms.Form):
    name = forms.CharField()

    def clean(self):
        gate = form_gates[self.cleaned_data["name"]]
        gate.entered.set()
        gate.opened.wait(10)
        return self.cleaned_data


def is_staff(user):
    """Whether a task is for this user."""
    return user.is_staff


@task(label="Permitted", form=NoForm, permission="auth.view_user")
async def web_permitted():
    """Fail; for those who have the permission."""
    raise TaskFailed("on purpose")


@task(label="Staff", form=NoForm, permission=is_staff)
async def web_staff():
    """Return; for staff."""
    return "done"


@task(label="Staff", form=NoForm, permission=is_staff)
async def web_staff_ask():
    """Ask; for staff."""
    return await aask("Sure?", choices=("Yes",))


@task(form=HoldForm, on_leave="cancel")
async def web_left(name):
    """Stop at the hold, while the visitor is there."""
    await holds[name].stop()


@task(form=HoldForm, unique=("name",))
async def web_unique(name):
    """Stop at the hold; one at a time for each name."""
    await holds[name].stop()


@task(label="Echo", form=EchoForm, shown=("language",))
async def web_echo(text, language):
    """Say it in a language."""
    calls.append({"text": text, "language": language})
    return f"{text} in {language}"


@task(form=KindsForm, keep_input=True)
async def web_kept(**values):
    """Return what came; it is kept, too."""
    return repr(values)


@task(form=HoldForm)
async def web_hold(name):
    """Stop at paragraph three until the test lets go."""
    progress(3, 12, "paragraph 3")
    await holds[name].stop()
    return name


@task(form=HoldForm)
def web_plain(name):
    """Stop in a thread until the test lets go."""
    holds[name].stop_plain()


@task(form=NoForm, label=lambda: f"Language {get_language()}")
async def web_language():
    """Return the language in which it runs."""
    return get_language()


@task(form=HoldForm, cancellable=False)
async def web_stubborn(name):
    """Go on whatever its owner says."""
    await holds[name].stop()
    return name


@task(label=lambda language: f"Say {language}", form=EchoForm, shown=("language",))
async def web_say(text, language):
    """Fail with a sentence."""
    raise TaskFailed(f"the word {text} cannot be said")


@task(form=BriefForm)
async def web_brief(note, document):
    """Fail, whatever the file says."""
    raise TaskFailed("no")


def say_in(language=None):
    """A label: for one language, and for all."""
    return f"Say in {language}" if language else "Say in a language"


@task(label=say_in, form=EchoForm, shown=("language",))
async def web_titled(text, language):
    """Say it in a language."""
    return text


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


class Pace(Enum):
    """How fast."""

    SLOW = "slow"
    FAST = "fast"


@task(form=True, shown=("pace", "times"))
async def web_derived(
    text: str, pace: Pace = Pace.SLOW, times: int = 2, *, loud: bool = True
):
    """Return what came, with its types."""
    return repr((text, pace, times, loud))


@task(form=NoForm)
async def web_object():
    """Return what JSON cannot express."""
    return object()


@task(form=NoForm, max_attempts=4, backoff=lambda attempt, error: 3600)
async def web_flaky():
    """Fail, and try again in an hour."""
    raise ConnectionError


@task
async def web_bare_failure(text):
    """Fail; no form is declared."""
    raise TaskFailed("no")


@task
async def web_hidden():
    """Return; no form is declared."""


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
async def web_brittle(text, note, file):
    """Never run."""


@task(form=HoldForm)
async def web_give(name):
    """Return what the test put there."""
    return results[name]


@task(form=BrokenForm)
async def web_broken():
    """Return; its form raises."""


@task(form=SlowForm)
async def web_slow_form(name):
    """Stop at a hold; its form's validation is slow."""
    await holds[name].stop()


@task(form=HoldForm)
async def web_steps(name):
    """Take one step when the test lets go, and stop again."""
    progress(0, 9)
    await holds[name].stop()
    progress(1, 9)
    await holds[f"{name} again"].stop()


@task(form=HoldForm)
async def web_write(name):
    """Write each of the test's texts, and stop at its hold after each."""
    for text in texts[name]:
        write(text)
        await holds[name].stop()


@task(form=HoldForm)
async def web_fail_writing(name):
    """Write and fail."""
    write("half of ")
    raise TaskFailed("the other half is missing")


@task(form=HoldForm, max_attempts=2, backoff=lambda attempt, error: 0)
async def web_write_again(name):
    """Write in each of two attempts, of which the first fails at the hold."""
    attempt = current_operation().attempt
    write(f"attempt {attempt}")
    await holds[f"{name} {attempt}"].stop()
    if attempt == 1:
        raise ConnectionError


@task(form=HoldForm)
async def web_write_bursts(name):
    """Yield each of the test's pieces, and stop at its hold before each burst."""
    for burst in bursts[name]:
        await holds[name].stop()
        for piece in burst:
            yield piece


QUESTION = "Overwrite 3 <files>?"


@task(label="Copy", form=NoForm)
async def web_ask():
    """Ask how to go on, and how again."""
    first = await aask(QUESTION, choices=("Overwrite", "Keep & go"))
    return [first, await aask("Sure?", choices=("Yes",))]


@task(label="Copy", form=NoForm)
async def web_ask_form():
    """Ask for a year."""
    return await aask("Which <year>?", form=PickForm)


@task(label="Copy", form=NoForm)
async def web_ask_file():
    """Ask for a file."""
    answer = await aask("Show it", form=ProofForm)
    return answer["proof"].read().decode()


@task(label="Copy", form=NoForm)
async def web_ask_own():
    """Ask with a form that needs the request."""
    return await aask("Which document?", form=OwnForm)


def list_users():
    """Return the choices that the database has."""
    return [(user.pk, user.get_username()) for user in get_user_model().objects.all()]


class UserForm(forms.Form):
    """A form whose choices are in the database."""

    user = forms.ChoiceField(choices=list_users)


class YearForm(forms.Form):
    """A form that only its own view can make."""

    def __init__(self, data=None, files=None, *, year, **kwargs):
        """Takes the year."""
        super().__init__(data, files, **kwargs)


class BareForm(forms.Form):
    """A form that takes no prefix."""

    def __init__(self, data=None, files=None):
        """Takes what an HTML form sends, and no more."""
        super().__init__(data, files)


class RaisingWidget(forms.TextInput):
    """A widget with a mistake."""

    def get_context(self, name, value, attrs):
        """Raise an error with content."""
        raise LookupError("secret")


class RaisingForm(forms.Form):
    """A form that can be made, and not be rendered."""

    name = forms.CharField(widget=RaisingWidget)


@task(label="Copy", form=NoForm)
async def web_ask_user():
    """Ask for a user."""
    return await aask("For whom?", form=UserForm)


@task(label="Copy", form=NoForm)
async def web_ask_year():
    """Ask with a form that needs an argument."""
    return await aask("Which year?", form=YearForm)


@task(label="Copy", form=NoForm)
async def web_ask_bare():
    """Ask with a form that takes no prefix."""
    return await aask("How?", form=BareForm)


@task(label="Copy", form=NoForm)
async def web_ask_raising():
    """Ask with a form that cannot be rendered."""
    return await aask("What?", form=RaisingForm)


@task(label="Copy", form=NoForm)
async def web_ask_slow():
    """Ask with a form whose validation is slow."""
    calls.append(await aask("Whose?", form=SlowForm))
