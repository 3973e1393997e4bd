"""Django's own tests of its backends, run against the pool."""
