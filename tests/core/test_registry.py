"""Registry declares coordinators at import and makes them where a loop runs."""

import inspect
from typing import Required, get_origin, get_type_hints

import pytest

from ephemeral_tasks.core import (
    Closed,
    KeyedCoordinator,
    PriorityCoordinator,
    Registry,
    Status,
    UnknownCoordinator,
    WorkCoordinator,
)
from ephemeral_tasks.core.coordinator import Coordinator
from ephemeral_tasks.core.options import KeyedOptions, LaneOptions, Options
from tests.core.bodies import echo


@pytest.fixture
def registry() -> Registry:
    """With one coordinator of each kind declared."""
    registry = Registry()
    registry.declare("work", echo, limit=2)
    registry.declare(
        "keyed", echo, kind=KeyedCoordinator, key=lambda item: item, limit=3
    )
    return registry


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (WorkCoordinator, Options),
        (KeyedCoordinator, KeyedOptions),
        (PriorityCoordinator, LaneOptions),
    ],
)
def test_type_checkers_know_each_keyword_of_a_kind(kind, options):
    """What a class takes is what its options list, and no other is required."""
    own, shared = (
        {
            name: parameter.default is parameter.empty
            for name, parameter in inspect.signature(each.__init__).parameters.items()
            if parameter.kind is parameter.KEYWORD_ONLY and name != "queue"
        }
        for each in (kind, Coordinator)
    )

    hints = get_type_hints(options, include_extras=True)
    known = {name: get_origin(hint) is Required for name, hint in hints.items()}
    assert known == shared | own


async def test_create_makes_what_was_declared(registry):
    """The kind, with the body and the options; a new one each time."""
    async with registry.create("keyed") as keyed, registry.create("work") as work:
        assert isinstance(keyed, KeyedCoordinator)
        assert isinstance(work, WorkCoordinator)
        assert keyed.statistics().limit == 3
        assert registry.create("work") is not work
        assert await work.submit_nowait("item") == "item"


async def test_an_unknown_name_lists_the_known_ones(registry):
    """Sorted; also within a scope."""
    with pytest.raises(UnknownCoordinator, match="'wrok'; known: keyed, work"):
        registry.create("wrok")
    async with registry.scope() as scoped:
        with pytest.raises(UnknownCoordinator, match="'wrok'; known: keyed, work"):
            scoped["wrok"]


def test_a_name_is_declared_once(registry):
    """D29: a second declaration is an error, and the first one stands."""
    with pytest.raises(ValueError, match="'work' was declared before"):
        registry.declare("work", echo, limit=9)


def test_nothing_but_coordinators_of_coroutine_functions_can_be_declared(registry):
    """Refused where it is written, not where it is first used."""
    with pytest.raises(TypeError, match="body must be a coroutine function"):
        registry.declare("other", print, limit=1)
    with pytest.raises(TypeError, match="kind must be a coordinator's class, got"):
        registry.declare("other", echo, kind=dict, limit=1)


def test_creating_needs_a_running_loop(registry):
    """Declaring does not."""
    with pytest.raises(RuntimeError, match="inside a running event loop"):
        registry.create("work")


async def test_a_scope_has_one_fresh_coordinator_for_each_name(registry):
    """The same within a scope, another in the next."""
    async with registry.scope() as first, registry.scope() as second:
        assert first["work"] is first["work"]
        assert first["work"] is not second["work"]


async def test_a_scope_that_ends_well_drains(registry):
    """D29: nothing that was accepted is lost, and nothing is accepted any more."""
    async with registry.scope() as scoped:
        work = scoped["work"]
        operations = [work.submit_nowait(item) for item in range(9)]

    assert {operation.status for operation in operations} == {Status.SUCCESSFUL}
    with pytest.raises(Closed):
        work.submit_nowait(1)


async def test_a_scope_that_fails_cancels(hold):
    """No body runs after it."""
    registry = Registry()
    registry.declare("held", hold.body, limit=1)

    async def block():
        async with registry.scope() as scoped:
            scoped["held"].submit_nowait(1)
            await hold.aentered(1)
            raise KeyError

    with pytest.raises(KeyError):
        await block()
    assert hold.running == 0
