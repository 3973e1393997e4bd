"""Tests of the app layer: tasks, windows, the pool and the verbs."""
