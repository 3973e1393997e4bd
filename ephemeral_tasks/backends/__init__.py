"""Backends of ``django.tasks``: ``TASKS = {"default": {"BACKEND": …}}``."""

from .pool import PoolBackend

__all__ = ["PoolBackend"]
