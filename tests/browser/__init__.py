"""Chromium against the demo as `manage.py demo` serves it."""
