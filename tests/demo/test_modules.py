"""The demo's modules import each other in one direction."""

from tests.layers import SITE, imports_of, is_within, modules_of

EDITOR, TRANSLATION = f"{SITE}.editor", f"{SITE}.translation"
MODULES = dict(modules_of(SITE))


def imported_by(module: str) -> set[str]:
    """Return the demo's modules that a module imports, wherever the statement is."""
    path = MODULES[module]
    found = imports_of(path.read_text(), module, is_package=path.name == "__init__.py")
    return {
        name
        for each in found
        for name in [each.path if each.path in MODULES else each.module]
        if name in MODULES
    }


def reached_from(module: str) -> set[str]:
    """Return the modules that a module imports, directly or through others."""
    reached, waiting = set(), imported_by(module)
    while waiting:
        reached |= waiting
        waiting = set().union(*map(imported_by, waiting)) - reached
    return reached


def test_no_module_imports_itself_through_others():
    """Imports in functions, and those for type checkers, are counted too."""
    assert [module for module in MODULES if module in reached_from(module)] == []


def test_editor_uses_translation_through_one_module():
    """Readers of the example need not know what is behind that module."""
    used = {
        name
        for module in MODULES
        if is_within(module, EDITOR)
        for name in imported_by(module)
        if is_within(name, TRANSLATION)
    }

    assert used == {TRANSLATION}


def test_translation_does_not_import_the_editor():
    """It could serve another page as well."""
    assert not [
        name
        for module in MODULES
        if is_within(module, TRANSLATION)
        for name in imported_by(module)
        if is_within(name, EDITOR)
    ]
