"""The example app: a page, a task, and a page for the task's result."""
