"""Configuration of the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PeopleConfig(AppConfig):
    """The app; `ephemeral_tasks` imports its `tasks.py` automatically."""

    name = "demo_site.people"
    verbose_name = _("People")
