"""The editor: one page, one task, one page for its result."""
