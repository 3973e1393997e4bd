"""Profiles and fixtures that every room's tests may use."""

import os
import uuid

import hypothesis
import pytest

# A slow machine is no failure, and the same commit draws the same examples.
hypothesis.settings.register_profile(
    "ci", deadline=None, derandomize=True, max_examples=200, print_blob=True
)
hypothesis.settings.register_profile("dev", deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@pytest.fixture
def owner() -> str:
    """An owner key that no other test has, of the length of real ones."""
    return uuid.uuid4().hex
