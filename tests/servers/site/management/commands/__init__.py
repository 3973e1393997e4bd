"""One command: it submits and returns."""
