"""Database sessions whose store a test takes away for a while."""

import asyncio

from django.contrib.sessions.backends import db
from django.db import OperationalError


class Outage:
    """Whether the store is away, and whether it was asked meanwhile."""

    def __init__(self):
        self.is_on = False
        self.asked = asyncio.Event()

    def __enter__(self):
        """The store is away."""
        self.is_on = True
        return self.asked

    def __exit__(self, *exception):
        """The store is back."""
        self.is_on = False


outage = Outage()


class SessionStore(db.SessionStore):
    """The database's, which raises during the outage."""

    async def aload(self):
        """Return the session's data."""
        if outage.is_on:
            outage.asked.set()
            raise OperationalError("the database is away")
        return await super().aload()
