"""A textarea for Markdown, which is all that a browser without JavaScript needs.

With JavaScript it gets a toolbar, a count of its characters, a preview that the server
renders, and a warning before unsaved work is left. Nothing comes from another host,
and no inline script or style is used.

The toolbar is GitHub's custom element in `static/editor/markdown-toolbar-element/`,
version 2.2.3, unchanged, under the MIT licence beside it.
"""

from django import forms
from django.forms.widgets import Script


class MarkdownTextarea(forms.Textarea):
    """The textarea with its tools; the page has htmx, as `task_media` brings it."""

    template_name = "editor/markdown.html"

    def __init__(self, *, limit, attrs=None):
        """Set the number of characters that the form accepts.

        The textarea gets no ``maxlength``: browsers would cut what is pasted, without
        a word.
        """
        super().__init__(attrs)
        self.limit = limit

    @property
    def media(self):
        """Return the stylesheet and the two scripts."""
        return forms.Media(
            css={"all": ["editor/markdown.css"]},
            js=[
                Script("editor/markdown-toolbar-element/index.js", type="module"),
                Script("editor/markdown.js", defer=True),
            ],
        )

    def get_context(self, name, value, attrs):
        """Return what the template needs."""
        context = super().get_context(name, value, attrs)
        context["widget"]["limit"] = self.limit
        return context
