"""Configuration of the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EditorConfig(AppConfig):
    """The app; `ephemeral_tasks` imports its `tasks.py` automatically."""

    name = "demo_site.editor"
    verbose_name = _("Translation editor")
