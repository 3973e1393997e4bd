"""Whole processes: import, exit, fork, threads left behind."""

import os
import subprocess
import sys
import textwrap

import pytest

from tests.layers import ROOT

PRELUDE = '''
import os, sys, threading
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
import django
django.setup()
from ephemeral_tasks import *
from ephemeral_tasks import pool
from ephemeral_tasks.testing import drain
from tests.app import tasks
from ephemeral_tasks.testing import Hold
owner = "a" * 32
hold = Hold()

def when_draining(callback):
    """Call back once the interpreter's exit has closed the pool."""
    from ephemeral_tasks.pool import draining
    close = draining.close
    def closing(pool):
        close(pool)
        callback()
    draining.close = closing
'''


def run(script, *options, before="", expect=0):
    """Run a script in a process of its own and return what it printed.

    It must end by itself, with this exit code, and print nothing to stderr. ``before``
    runs before the first import of the package.
    """
    code = textwrap.dedent(before) + PRELUDE + textwrap.dedent(script)
    done = subprocess.run(
        [sys.executable, *options, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=50,
        env={
            **os.environ,
            "EPHEMERAL_TESTS_DATABASE": ":memory:",
            "PYTHONASYNCIODEBUG": "",  # it says what is slow on a slow machine
        },
    )
    assert (done.returncode, done.stderr) == (expect, "")
    return done.stdout


def test_an_import_starts_nothing():
    """No thread, no loop, no socket; `window` of an empty process neither."""
    printed = run("""
        import ephemeral_tasks
        for name in ephemeral_tasks.__all__:
            getattr(ephemeral_tasks, name)
        assert window(owner) == ()
        assert pool.is_healthy()
        assert pool.current() is None
        print(threading.active_count(), len(os.listdir("/proc/self/fd")))
        submit(owner, tasks.app_echo, 1)
        print(threading.active_count() > 1)
    """)

    assert printed.split()[0] == "1"
    assert printed.split()[-1] == "True"


def test_a_system_without_forks_and_record_locks_will_do():
    """Such as Windows: one pool a process needs neither."""
    printed = run(
        """
        submit(owner, tasks.app_plain_call, lambda: print("done"))
        """,
        before="""
        import os, sys
        sys.modules["fcntl"] = None
        del os.fork, os.register_at_fork
        """,
    )

    assert printed == "done\n"


def test_a_script_that_ends_lets_accepted_work_finish():
    """The interpreter's exit drains, without anybody's help."""
    printed = run("""
        def slow():
            started.set()
            go_on.wait(10)
            print("finished")

        started, go_on = threading.Event(), threading.Event()
        submit(owner, tasks.app_plain_call, slow)
        started.wait(10)
        when_draining(go_on.set)
    """)

    assert printed == "finished\n"


def test_receivers_get_an_end_that_comes_at_exit():
    """In a thread that is there by then: the interpreter may start none any more."""
    printed = run("""
        from ephemeral_tasks import operation_finished
        def show(status, **rest):
            print(status, flush=True)
        operation_finished.connect(show)
        submit(owner, tasks.app_held, hold, 1)
        hold.entered()
        when_draining(hold.open)
    """)

    assert printed == "SUCCESSFUL\n"


def test_plain_work_that_only_waited_is_finished_at_exit():
    """Threads cannot be started then; they were made when it was accepted."""
    printed = run("""
        pool.resize(1)

        def first():
            go_on.wait(10)

        go_on = threading.Event()
        submit(owner, tasks.app_plain_call, first)
        submit(owner, tasks.app_plain_call, lambda: print("second"))
        when_draining(go_on.set)
    """)

    assert printed == "second\n"


@pytest.mark.parametrize("body", ["app_plain_held", "app_held", "app_stubborn"])
def test_a_script_that_ends_is_not_held_up(body):
    """Not by a thread, a sleeper or one that swallows its cancellation.

    Nothing is said but that work was dropped: no traceback, no warning of asyncio.
    """
    printed = run(f"""
        import logging
        logging.basicConfig(stream=sys.stdout, format="%(message)s")
        from django.test.utils import override_settings
        override_settings(EPHEMERAL_TASKS={{"DRAIN_SECONDS": 0}}).enable()
        submit(owner, tasks.{body}, hold)
        hold.entered()
    """)

    assert (
        printed == "the process ends: cancelling 1 running and 0 waiting operations\n"
    )


def test_sys_exit_gives_its_code():
    """The drain changes no exit code."""
    run("submit(owner, tasks.app_echo, 1); sys.exit(3)", expect=3)


@pytest.mark.parametrize("warnings", ["default", "error"])
def test_a_forked_child_has_a_pool_of_its_own(warnings):
    """The parent's work stays in the parent; both go on, and nobody complains."""
    printed = run(
        """
        import gc
        submit(owner, tasks.app_held, hold, 1)
        hold.entered()
        submit(owner, tasks.app_echo, 1)
        parent = pool.process_id()
        sys.stdout.flush()
        child = os.fork()
        if not child:
            gc.collect()
            assert pool.current() is None
            assert window(owner) == ()
            assert pool.process_id() != parent
            handle = submit(owner, tasks.app_echo, "child")
            plain = submit(owner, tasks.app_plain_echo, "plain")
            drain()
            print(result(owner, handle.id), result(owner, plain.id), flush=True)
            pool.drain(5)
            gc.collect()
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert pool.process_id() == parent
        hold.open()
        drain()
        print(len(window(owner)))
        """,
        # Python itself warns of forks in threaded programs.
        *("-W", warnings, "-W", "ignore:This process:DeprecationWarning"),
    )

    assert printed == "child plain\n2\n"


def test_a_process_with_another_id_starts_anew_without_a_hook():
    """So a child of uWSGI finds itself: it calls the system's fork alone."""
    printed = run("""
        from ephemeral_tasks.core.ids import new_id
        handle = submit(owner, tasks.app_echo, 1)
        drain()
        parent, ids = pool.process_id(), new_id.__self__
        in_stock = [*ids._ids]
        pool._pid = ids._pid = 0
        assert pool.process_id() != parent
        assert pool.current() is None
        assert window(owner) == ()
        assert new_id() not in in_stock
        assert not {*in_stock} & {*ids._ids}
        handle = submit(owner, tasks.app_echo, "child")
        drain()
        print(result(owner, handle.id))
    """)

    assert printed == "child\n"


def test_a_child_that_was_forked_under_a_lock_goes_on():
    """Another thread held the windows' lock, the pool's and the store's."""
    run(
        """
        from ephemeral_tasks import window_store, windows
        submit(owner, tasks.app_echo, 1)
        drain()

        def hold_locks():
            store = window_store.get(windows.now)
            with windows.lock, pool.get().ledger._lock, pool._lock, store._lock:
                is_held.set()
                go_on.wait(10)

        is_held, go_on = threading.Event(), threading.Event()
        threading.Thread(target=hold_locks).start()
        is_held.wait(10)
        child = os.fork()
        if not child:
            submit(owner, tasks.app_echo, 1)
            drain()
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        go_on.set()
        """,
        *("-W", "ignore:This process:DeprecationWarning"),
    )


def test_a_child_waits_for_no_thread_of_its_parent():
    """Which may hold the lock of any module while another thread forks."""
    run("""
        from contextlib import ExitStack
        from ephemeral_tasks import signals
        from ephemeral_tasks.machine import drops, process
        from ephemeral_tasks.web import connections, push
        modules = (signals, drops, process, connections, push)
        with ExitStack() as stack:
            for module in modules:
                stack.enter_context(module._lock)
            child = os.fork()
            if not child:
                for module in modules:
                    assert module._lock.acquire(blocking=False), module
                os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    """)


def test_a_child_has_no_sockets_of_its_parent():
    """Its owner's first one is taken, whatever is open in the parent."""
    run("""
        import asyncio
        from ephemeral_tasks.web import connections, push

        async def open_all():
            push.subscribe(owner, None)
            while await connections.take(owner):
                pass
            return os.fork()

        child = asyncio.run(open_all())
        if not child:
            assert push.count_all() == 0
            assert asyncio.run(connections.take(owner))
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert push.count_all() == 1
        assert not asyncio.run(connections.take(owner))
    """)


def test_a_process_that_forks_before_its_first_submission_preloads():
    """As a server with a master and workers does."""
    printed = run("""
        children = []
        for number in range(3):
            child = os.fork()
            if not child:
                handle = submit(owner, tasks.app_echo, number)
                drain()
                # In one piece: the children share the output.
                os.write(1, b"%d\\n" % result(owner, handle.id))
                sys.exit(0)
            children.append(child)
        for child in children:
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    """)

    assert sorted(printed.split()) == ["0", "1", "2"]
