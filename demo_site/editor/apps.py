"""Configuration of the app."""

from django.apps import AppConfig
from django.core.checks import register
from django.utils.translation import gettext_lazy as _


class EditorConfig(AppConfig):
    """The app; `ephemeral_tasks` imports its `tasks.py` automatically."""

    name = "demo_site.editor"
    verbose_name = _("Translation editor")

    def ready(self):
        """Register the check of the settings that name engines."""
        from demo_site.translation import check_settings

        register(check_settings)
