"""Who wants to know that a window changed."""

from ephemeral_tasks import signals


def test_a_listener_gets_changes_and_ends(nudges):
    """Each names the owner, and nothing else."""
    signals.send_changed("a")
    signals.send_ended("b")

    assert (nudges.changed, nudges.ended) == (["a"], ["b"])


def test_a_listener_that_left_gets_nothing():
    """`connect` gives the way out; twice is once."""
    heard = []
    disconnect = signals.connect(changed=heard.append, ended=heard.append)
    disconnect()
    disconnect()

    signals.send_changed("a")

    assert heard == []


def test_one_listeners_error_reaches_no_other(nudges, caplog):
    """It is logged."""

    def fail(owner):
        raise ValueError

    disconnect = signals.connect(changed=fail, ended=fail)
    signals.send_changed("a")
    disconnect()

    assert nudges.changed == ["a"]
    assert "a listener of window changes failed" in caplog.text


def test_a_listener_may_leave_while_it_is_told(nudges):
    """The others are told all the same."""
    leave = []

    def leaves(owner):
        leave[0]()

    leave.append(signals.connect(changed=leaves, ended=leaves))
    signals.send_changed("a")
    signals.send_changed("a")

    assert nudges.changed == ["a", "a"]
