"""The names that the package exports, at run time and for type checkers."""

import ast
from pathlib import Path

import pytest

import ephemeral_tasks

HOMES = ephemeral_tasks._HOMES


def names_for_checkers() -> dict[str, str]:
    """The imports under TYPE_CHECKING: name → module."""
    tree = ast.parse(Path(ephemeral_tasks.__file__).read_text())
    (block,) = (
        node
        for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    return {
        alias.asname or alias.name: statement.module or ""
        for statement in block.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }


def test_checkers_see_the_names_that_there_are():
    """A name has one home, whoever asks."""
    assert names_for_checkers() == HOMES


@pytest.mark.parametrize("name", HOMES)
def test_each_name_leads_somewhere(name):
    """What the list promises can be imported."""
    assert getattr(ephemeral_tasks, name) is not None
    assert name in dir(ephemeral_tasks)


def test_an_unknown_name_is_no_attribute():
    """A slip of the pen is told as Python tells it."""
    with pytest.raises(AttributeError, match="has no attribute 'submitt'"):
        _ = ephemeral_tasks.submitt


def test_the_typed_site_runs():
    """What mypy checks is code that can be imported."""
    from tests import typed

    assert typed.typed_translate.name == "typed_translate"
