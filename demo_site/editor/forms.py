"""What a visitor hands in: a text, and from which language into which."""

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from demo_site.translation import get_engine, label, translated_name


class TranslateForm(forms.Form):
    """Its cleaned data are the arguments of the `translate` task."""

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
        label=_("Let the engine fail halfway, to see what a failure looks like"),
        required=False,
    )

    def __init__(self, *args, **kwargs):
        """Offers what the engine offers at this moment."""
        super().__init__(*args, **kwargs)
        self._pairs = get_engine().pairs()
        self.fields["source"].choices = _choices(pair.source for pair in self._pairs)
        self.fields["target"].choices = _choices(pair.target for pair in self._pairs)
        usual = ("en", "es") if ("en", "es") in self._pairs else self._pairs[0]
        self.fields["source"].initial, self.fields["target"].initial = usual

    @property
    def languages(self):
        """The two pickers, which the page shows side by side."""
        return self["source"], self["target"]

    def clean_text(self):
        """The text with the line ends that its writer saw, not those of HTTP."""
        return self.cleaned_data["text"].replace("\r\n", "\n")

    def clean(self):
        """Only pairs that the engine has: not every two languages are one."""
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
    """Each language once, in the order of its name on the page."""
    return sorted({(code, label(code)) for code in codes}, key=lambda choice: choice[1])
