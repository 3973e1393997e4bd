"""A model without a table: the operators' page and its rights in Django's admin."""

from __future__ import annotations

from django.db import models
from django.utils.translation import pgettext_lazy


class NoRows(models.Manager["Pool"]):
    """Asks no database: there is no table."""

    def get_queryset(self) -> models.QuerySet[Pool]:
        """Return no rows; ``dumpdata`` asks every model for its own."""
        return super().get_queryset().none()


class Pool(models.Model):
    """The pool; ``migrate`` makes its permissions and no table."""

    objects = NoRows()

    class Meta:
        managed = False
        base_manager_name = "objects"
        verbose_name = pgettext_lazy("operation", "operations")
        verbose_name_plural = pgettext_lazy("operation", "operations")
        default_permissions = ()
        # Not translated: the names are stored, as those of Django's own are.
        permissions = (
            ("view_pool", "Can view operations"),
            ("pause_pool", "Can pause and resume operations"),
            ("resize_pool", "Can change how many operations run at once"),
            ("cancel_pool", "Can cancel operations"),
        )

    def __str__(self) -> str:
        return str(self._meta.verbose_name)
