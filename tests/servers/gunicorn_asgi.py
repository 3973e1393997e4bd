"""What gunicorn's own ASGI worker has to be told; docs/servers.md says why."""

graceful_timeout = 20  # the master kills its workers after so long


def post_worker_init(worker):
    """The worker waits for open sockets for a second, and then lets us drain."""
    worker.cfg.set("graceful_timeout", 1)
