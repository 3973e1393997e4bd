"""The same no-op, declared for each broker that is installed; workers import this."""

import os
from importlib.util import find_spec

REDIS = os.environ["BENCHMARK_REDIS"]


def plain() -> None:
    """Do nothing; RQ names a function by its path."""


if find_spec("celery") is not None:
    from celery import Celery

    celery = Celery("benchmarks", broker=REDIS, backend=REDIS)
    celery.conf.broker_connection_retry_on_startup = True
    celery_noop = celery.task(plain, name="noop")

if find_spec("rq") is not None:
    from redis import Redis
    from rq import Queue

    rq = Queue(connection=Redis.from_url(REDIS))

if find_spec("dramatiq") is not None:
    import dramatiq
    from dramatiq.brokers.redis import RedisBroker
    from dramatiq.results import Results
    from dramatiq.results.backends import RedisBackend

    broker = RedisBroker(url=REDIS)
    broker.add_middleware(Results(backend=RedisBackend(url=REDIS)))
    dramatiq.set_broker(broker)

    @dramatiq.actor(store_results=True)
    def dramatiq_noop() -> bool:
        """Do nothing; None would not be stored."""
        return True


if find_spec("django_tasks_db") is not None:
    from django.tasks import task

    @task
    def database_noop() -> None:
        """Do nothing."""
