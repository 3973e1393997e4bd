"""The form that starts a translation."""

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from demo_site.translation import get_engine, label, translated_name


class TranslateForm(forms.Form):
    """A text and two languages; the cleaned data are the task's arguments."""

    template_name = "editor/fields.html"

    source = forms.ChoiceField(label=_("From"))
    target = forms.ChoiceField(label=_("To"))
    text = forms.CharField(
        label=_("Markdown"),
        strip=False,
        widget=forms.Textarea(
            attrs={
                "class": "editor-text",
                "placeholder": _("Write or paste Markdown, or start with a sample."),
                "rows": 16,
                "spellcheck": "false",
            }
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
        usual = ("en", "es") if ("en", "es") in self._pairs else self._pairs[0]
        self.fields["source"].initial, self.fields["target"].initial = usual

    @property
    def languages(self):
        """Both language fields, which the page shows side by side."""
        return self["source"], self["target"]

    def clean_text(self):
        """Return the text with plain newlines; browsers submit CR and LF."""
        return self.cleaned_data["text"].replace("\r\n", "\n")

    def clean(self):
        """Check that the engine translates between the two languages."""
        data = super().clean()
        source, target = data.get("source"), data.get("target")
        if source and target and (source, target) not in self._pairs:
            message = gettext("There is no translation from %(source)s to %(target)s.")
            names = {
                "source": translated_name(source),
                "target": translated_name(target),
            }
            self.add_error("target", message % names)
        return data


def _choices(codes):
    """Return choices with each language once, sorted by name."""
    return sorted({(code, label(code)) for code in codes}, key=lambda choice: choice[1])
