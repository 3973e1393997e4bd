"""Tests of the backends of ``django.tasks``."""
