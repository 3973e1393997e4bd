"""Template filters of the editor."""
