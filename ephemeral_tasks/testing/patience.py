"""How long tests wait."""

PATIENCE_SECONDS = 10.0
"""How long a test waits for what should happen at once."""
