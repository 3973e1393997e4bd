"""Sessions in the database, whose store fails where a test says so."""

from django.contrib.sessions.backends import db
from django.db import OperationalError


class SessionStore(db.SessionStore):
    """Fails to save while ``is_broken``."""

    is_broken = False

    def save(self, must_create=False):
        """Write the session, or fail as a full disk does."""
        self._fail_if_broken()
        super().save(must_create)

    async def asave(self, must_create=False):
        """Write the session, or fail as a full disk does."""
        self._fail_if_broken()
        await super().asave(must_create)

    def _fail_if_broken(self):
        if self.is_broken:
            raise OperationalError("database or disk is full")
