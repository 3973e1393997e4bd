"""Programs that measure; each number is a ratio taken in one run."""
