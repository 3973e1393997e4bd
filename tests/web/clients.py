"""Functions for ``CLIENT_OF``: what sites write, and what they should not."""


def by_header(source):
    """The client that a header names, or ``somebody``; of a request or a scope."""
    if isinstance(source, dict):
        return dict(source["headers"]).get(b"x-client", b"somebody").decode()
    return source.headers.get("X-Client", "somebody")


def by_user(source):
    """The user's key, which is looked up in the database."""
    user = source["user"] if isinstance(source, dict) else source.user
    return f"user {user.pk}" if user.is_authenticated else "somebody"


async def asynchronous(source):
    """What no page can call."""
    return "somebody"


def none(source):
    """What a header gives that is not there."""
    return {}.get("address")


def empty(source):
    """The address of a socket that is a file."""
    return ""


def long(source):
    """More than anybody needs."""
    return "x" * 201


def raising(source):
    """A dictionary without the key."""
    raise KeyError("client")
