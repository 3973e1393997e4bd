"""The form that starts a translation."""

from django import forms
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from demo_site.editor.widgets import MarkdownTextarea
from demo_site.translation import get_engine, label, translated_name

TEXT_CHARACTERS = 100_000
"""What a text may have at most: about forty pages."""


class TranslateForm(forms.Form):
    """A text and its languages; the cleaned data are the task's arguments."""

    template_name = "editor/fields.html"

    source = forms.ChoiceField(label=_("From"))
    target = forms.MultipleChoiceField(
        label=_("To"), widget=forms.CheckboxSelectMultiple
    )
    text = forms.CharField(
        label=_("Markdown"),
        strip=False,
        widget=MarkdownTextarea(
            limit=TEXT_CHARACTERS,
            attrs={
                "class": "editor-text",
                "placeholder": _("Write or paste Markdown, or start with a sample."),
                "rows": 16,
                "spellcheck": "false",
            },
        ),
    )
    rehearse = forms.BooleanField(
        label=_("Fail halfway, to see what a failed translation looks like"),
        required=False,
    )

    def __init__(self, *args, **kwargs):
        """Offer the languages that the engine has at this moment."""
        super().__init__(*args, **kwargs)
        self._pairs = get_engine().pairs()
        self.fields["source"].choices = _choices(pair.source for pair in self._pairs)
        self.fields["target"].choices = _choices(pair.target for pair in self._pairs)
        # None before a server has named its languages: then nothing can be submitted.
        first = self._pairs[0] if self._pairs else ("", "")
        usual = ("en", "es") if ("en", "es") in self._pairs else first
        self.fields["source"].initial, self.fields["target"].initial = (
            usual[0],
            [usual[1]],
        )

    def clean_text(self):
        """Return the text with plain newlines; browsers submit CR and LF."""
        text = self.cleaned_data["text"].replace("\r\n", "\n")
        MaxLengthValidator(TEXT_CHARACTERS)(text)
        return text

    def clean(self):
        """Check that there are engines for the languages, and that they answer now."""
        data = super().clean()
        source, targets = data.get("source"), data.get("target", [])
        known = [each for each in targets if (source, each) in self._pairs]
        for target in targets if source else []:
            if target not in known:
                self.add_error("target", say_unknown_pair(source, target))
        # Else the operation would wait for an engine, and then fail.
        engine = get_engine()
        if not engine.is_available():
            sentence = gettext("No translation engine answers at the moment.")
            raise forms.ValidationError(sentence)
        if known and not any(engine.is_available(source, each) for each in known):
            sentence = gettext("No engine for these languages answers at the moment.")
            raise forms.ValidationError(sentence)
        return data


def say_unknown_pair(source, target):
    """Return a sentence that no engine translates between two languages."""
    message = gettext("There is no translation from %(source)s to %(target)s.")
    names = {"source": translated_name(source), "target": translated_name(target)}
    return message % names


def _choices(codes):
    """Return choices with each language once, sorted by name."""
    return sorted({(code, label(code)) for code in codes}, key=lambda choice: choice[1])
