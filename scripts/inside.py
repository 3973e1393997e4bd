"""Prints how the package looks from inside: imports, state, locks, calls.

``python -m scripts.inside [--root DIR]`` measures this checkout or an older one.
"""

import argparse
import ast
import json
import os
import subprocess
import sys
from pathlib import Path

from tests.layers import PACKAGE, ROOT, circles, graph_of, layer_of, sources_of

OPERATIONS = ("core.operation", "operations", "pool.operation")
"""Where the classes of operations are, or were."""


def main() -> None:
    """Print one line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT)
    for name, value in figures(parser.parse_args().root.resolve()).items():
        print(f"{name}: {value}")


def figures(root: Path) -> dict[str, object]:
    """Return what was counted in a checkout, by name."""
    sources = sources_of(root, PACKAGE)
    names = [module.removeprefix(f"{PACKAGE}.") for module in sources]
    flat = [one for one in names if "." not in one and one != PACKAGE]
    booleans = booleans_of(sources)
    return {
        "modules in the app layer's root": sum(
            layer_of(f"{PACKAGE}.{one}") == "app" for one in flat
        ),
        "modules in import circles at run time": circle_sizes(
            graph_of(sources, with_types=False)
        ),
        "modules in import circles with those for types": circle_sizes(
            graph_of(sources)
        ),
        "stored booleans of an operation": f"{len(booleans)} {' '.join(booleans)}",
        **probed(root),
    }


def circle_sizes(graph: dict[str, set[str]]) -> list[int]:
    """Return how many modules each circle has."""
    return [len(circle) for circle in circles(graph)]


def booleans_of(sources: dict[str, tuple[str, bool]]) -> list[str]:
    """Return the fields of operations that are named or assigned as booleans."""
    found: set[str] = set()
    for name in OPERATIONS:
        source, _ = sources.get(f"{PACKAGE}.{name}", ("", False))
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ClassDef) and node.name.endswith("Operation"):
                found |= _booleans_of_class(node)
    return sorted(found)


def _booleans_of_class(node: ast.ClassDef) -> set[str]:
    slots = [
        name
        for one in node.body
        if isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == "__slots__"
        for name in ast.literal_eval(one.value)
        if name.startswith(("is_", "has_"))
    ]
    assigned = [
        target.attr
        for one in ast.walk(node)
        if isinstance(one, ast.Assign)
        and isinstance(one.value, ast.Constant)
        and isinstance(one.value.value, bool)
        for target in one.targets
        if isinstance(target, ast.Attribute)
    ]
    return {*slots, *assigned}


def probed(root: Path) -> dict[str, object]:
    """Return what one operation does, in a process that imports that checkout."""
    probe = Path(__file__).with_name("inside_probe.py")
    done = subprocess.run(
        [sys.executable, probe],
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout)


if __name__ == "__main__":
    main()
