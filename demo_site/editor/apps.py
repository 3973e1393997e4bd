"""The editor as a Django app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EditorConfig(AppConfig):
    """Names the app; its `tasks.py` is found by `ephemeral_tasks` itself."""

    name = "demo_site.editor"
    verbose_name = _("Translation editor")
