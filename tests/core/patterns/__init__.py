"""Mirrors ephemeral_tasks/core/patterns."""
