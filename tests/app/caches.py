"""A cache that fails when a test says so."""

from django.core.cache.backends.locmem import LocMemCache


class Boom(Exception):
    """What is raised where nothing else is said."""


class BrokenCache(LocMemCache):
    """A cache of which some methods raise while ``broken`` names them."""

    broken = ()


def _breaking(name):
    def method(self, *args, **kwargs):
        if name in BrokenCache.broken:
            raise Boom
        return getattr(super(BrokenCache, self), name)(*args, **kwargs)

    return method


for _name in ("get", "set", "has_key", "delete"):
    setattr(BrokenCache, _name, _breaking(_name))
