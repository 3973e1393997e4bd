"""The Django app."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class EphemeralTasksConfig(AppConfig):
    """Finds each app's ``tasks`` module; starts nothing."""

    name = "ephemeral_tasks"
    verbose_name = _("Ephemeral tasks")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register checks and receivers and import what declares tasks."""
        from . import checks  # noqa: F401  # registers itself
        from .web import checks as task_checks  # noqa: F401
        from .web import owner  # noqa: F401

        autodiscover_modules("tasks")
