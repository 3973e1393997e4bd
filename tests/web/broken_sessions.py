"""Sessions in the database, where a test can step in."""

from django.contrib.sessions.backends import db
from django.db import OperationalError

from ephemeral_tasks.web.owner import SESSION_KEY


class SessionStore(db.SessionStore):
    """Fails to save while ``is_broken``; once it was read, ``meanwhile`` is awaited."""

    is_broken = False
    meanwhile = None

    async def aget(self, key, default=None):
        """Read the session; what comes after is not known to it."""
        value = await super().aget(key, default)
        if key == SESSION_KEY and SessionStore.meanwhile is not None:
            meanwhile, SessionStore.meanwhile = SessionStore.meanwhile, None
            await meanwhile()
        return value

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
