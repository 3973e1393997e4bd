"""The operators' page in Django's admin."""
