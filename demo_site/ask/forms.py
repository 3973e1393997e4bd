"""The form of a question."""

from django import forms
from django.utils.translation import gettext_lazy as _


class AskForm(forms.Form):
    """A question; the cleaned data are the task's arguments."""

    question = forms.CharField(
        label=_("Your question"),
        max_length=300,
        widget=forms.Textarea(attrs={"class": "editor-text", "rows": 3}),
    )
    asks_back = forms.BooleanField(
        label=_("Ask me in the middle how to go on"), required=False
    )
