"""What a site's ``admin.py`` takes from here."""

from __future__ import annotations

from .web.admin_actions import task_action

__all__ = ["task_action"]
