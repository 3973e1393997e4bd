"""Reads import statements and says which point the wrong way or in a circle."""

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import ephemeral_tasks

ROOT = Path(__file__).parents[1]
PACKAGE = "ephemeral_tasks"
SITE = "demo_site"

# Every other module of the package belongs to the app layer.
WEB_LAYER = {
    *("admin", "asgi", "management", "routing", "templatetags", "testing"),
    *("urls", "web"),
}
# The app layer, innermost first: a module imports its own row and those before it.
APP_ORDER = (
    (
        "clients",
        "compat",
        "conf",
        "derived_form",
        "digests",
        "enqueueing",
        "errors",
        "forking",
        "form_fields",
        "models",
        "result_file",
        "row",
        "signals",
        "time_left",
        "tracing",
    ),
    (
        "machine",
        "policies",
        "registry",
        "signatures",
        "tasks",
        "variables",
        "window_store",
        "windows",
    ),
    ("pool",),
    ("backends", "intake", "listings", "otel", "projection"),
    ("lookup",),
    ("answering", "operators", "outputs", "starting"),
    ("submission",),
    ("checks",),
)
# The app's start wires the layers together: it loads web's signal receivers.
WIRING = "apps"
HTTP = (
    *("django.contrib.sessions", "django.core.handlers", "django.http"),
    *("django.middleware", "django.shortcuts", "django.template", "django.test"),
    *("django.urls", "django.views", "django_htmx"),
)
SERVERS = ("channels", "daphne")
CHANNELS_HOMES = ("web.push", "web.consumers", "web.routing", "routing", "asgi")
DEPENDENCIES = {"asgiref", "channels", "django", "django_htmx", "django_tasks"}
# What only one module may import, because its extra brings it.
EXTRAS = {
    "management.progress_display": {"tqdm"},
    "otel": {"opentelemetry"},
    "otel.metrics": {"opentelemetry"},
    "otel.spans": {"opentelemetry"},
    "testing": {"pytest"},
    "backends.celery": {"celery"},
    "backends.rq": {"django_rq", "redis", "rq"},
}
# What a site imports by module; everything else it takes from the package.
PUBLIC_MODULES = {
    "admin",
    "asgi",
    "core",
    "core.patterns",
    "core.testing",
    "errors",
    "otel",
    "routing",
    "testing",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One imported name, as an absolute dotted path."""

    path: str
    """``django.http``, or ``django.http.HttpResponse`` for a name taken from it."""
    module: str
    """The module that the statement names."""
    is_relative: bool
    is_for_types: bool
    """True below ``if TYPE_CHECKING``."""
    line: int


def imports_of(source: str, module: str, *, is_package: bool = False) -> list[Import]:
    """Every import statement, wherever it stands: in functions, for types only."""
    package = module if is_package else module.rpartition(".")[0]
    tree = ast.parse(source)
    typed = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    return [
        found
        for node in ast.walk(tree)
        for found in _imports_of_node(node, package, is_for_types=id(node) in typed)
    ]


def _imports_of_node(
    node: ast.AST, package: str, *, is_for_types: bool
) -> Iterator[Import]:
    if not isinstance(node, ast.Import | ast.ImportFrom):
        return
    is_from = isinstance(node, ast.ImportFrom)
    base = _absolute(node, package) if is_from else ""
    for alias in node.names:
        yield Import(
            path=f"{base}.{alias.name}" if is_from else alias.name,
            module=base or alias.name,
            is_relative=is_from and node.level > 0,
            is_for_types=is_for_types,
            line=node.lineno,
        )


def _absolute(node: ast.ImportFrom, package: str) -> str:
    parents = package.split(".")[: len(package.split(".")) + 1 - node.level]
    tail = [node.module] if node.module else []
    return ".".join([*parents, *tail] if node.level else tail)


def is_within(path: str, *roots: str) -> bool:
    """Whether a dotted path is one of the roots or below one."""
    return any(path == root or path.startswith(f"{root}.") for root in roots)


def layer_of(module: str) -> str:
    """``core``, ``app``, ``web``, ``front`` (the lazy names), or ``demo``."""
    top, _, rest = module.partition(".")
    if top == SITE:
        return "demo"
    head = rest.partition(".")[0]
    if head == "core":
        return "core"
    return "front" if not head else "web" if head in WEB_LAYER else "app"


def violations(
    source: str, module: str, *, is_package: bool = False, public: frozenset[str]
) -> list[str]:
    """One sentence for each import that points the wrong way."""
    rules = {
        "core": [_breaks_core, _breaks_package],
        "app": [_breaks_app, _breaks_package],
        "web": [_breaks_package],
        "front": [_breaks_package],
        "demo": [_breaks_demo],
    }[layer_of(module)]
    return [
        f"{module}:{found.line}: {found.path}: {reason}"
        for found in imports_of(source, module, is_package=is_package)
        for rule in rules
        if (reason := rule(found, module, public))
    ]


def _breaks_core(found: Import, module: str, public: frozenset[str]) -> str | None:
    top = found.module.partition(".")[0]
    if top in sys.stdlib_module_names or is_within(found.module, f"{PACKAGE}.core"):
        return None
    return "core imports the standard library and itself only"


def _breaks_app(found: Import, module: str, public: frozenset[str]) -> str | None:
    if is_within(found.path, *HTTP):
        return "the app layer knows no HTTP"
    if module == f"{PACKAGE}.{WIRING}":
        return None
    if is_within(found.module, PACKAGE) and layer_of(_target(found)) == "web":
        return "the app layer does not know the web layer"
    if _row_of(_target(found)) > _row_of(module):
        return "points outwards in the app layer"
    return None


def _row_of(module: str) -> int:
    """The row of an app-layer module in APP_ORDER; -1 for what is not of that layer."""
    name = module.removeprefix(f"{PACKAGE}.").partition(".")[0]
    rows = [number for number, row in enumerate(APP_ORDER) if name in row]
    return rows[0] if rows and is_within(module, PACKAGE) else -1


def _breaks_package(found: Import, module: str, public: frozenset[str]) -> str | None:
    inside = module.partition(".")[2]
    top = found.module.partition(".")[0]
    if top == PACKAGE:
        return None if found.is_relative else "relative inside the package"
    if is_within(found.module, *SERVERS) and not is_within(inside, *CHANNELS_HOMES):
        return "channels is for push, consumers, routing and asgi"
    known = DEPENDENCIES | {"daphne"} | EXTRAS.get(inside, set())
    if top not in sys.stdlib_module_names and top not in known:
        return "not a dependency"
    return None


def _breaks_demo(found: Import, module: str, public: frozenset[str]) -> str | None:
    if found.is_relative:
        return "absolute in the demo"
    if found.module.partition(".")[0] == "tests":
        return "the demo does not know the tests"
    if not is_within(found.module, PACKAGE) or found.path in public:
        return None
    inside = found.module.partition(".")[2]
    return None if inside in PUBLIC_MODULES else "not a public name"


def _target(found: Import) -> str:
    """The module that the name leads to: ``from . import web`` names it last."""
    return found.path if found.module == PACKAGE else found.module


def modules_of(package: str, root: Path = ROOT) -> Iterator[tuple[str, Path]]:
    """Each module below a package of a checkout, with its file."""
    for path in sorted((root / package).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


Graph = Mapping[str, set[str]]
"""The modules of a checkout, and which of them each imports."""


def graph_of(
    sources: Mapping[str, tuple[str, bool]], *, with_types: bool = True
) -> dict[str, set[str]]:
    """Return the graph of some modules.

    Args:
        sources: Each module's source, and whether it is a package's ``__init__``.
        with_types: Whether imports below ``if TYPE_CHECKING`` count, too.
    """
    graph: dict[str, set[str]] = {}
    for module, (source, is_package) in sources.items():
        found = imports_of(source, module, is_package=is_package)
        targets = [
            one.path if one.path in sources else one.module
            for one in found
            if with_types or not one.is_for_types
        ]
        graph[module] = {name for name in targets if name in sources} - {module}
    return graph


def sources_of(root: Path, *packages: str) -> dict[str, tuple[str, bool]]:
    """Return the sources of the packages of a checkout."""
    return {
        module: (path.read_text(), path.name == "__init__.py")
        for package in packages
        for module, path in modules_of(package, root)
    }


def circles(graph: Graph) -> list[list[str]]:
    """Return the groups of modules that import each other, by whatever way."""
    reached = {module: _reached_from(module, graph) for module in graph}
    groups = {
        tuple(sorted(other for other in found if module in reached[other]))
        for module, found in reached.items()
        if module in found
    }
    return [list(group) for group in sorted(groups)]


def _reached_from(module: str, graph: Graph) -> set[str]:
    found: set[str] = set()
    ahead = [*graph[module]]
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += graph[name]
    return found


def public_names() -> frozenset[str]:
    """The package's public names, as dotted paths."""
    return frozenset(f"{PACKAGE}.{name}" for name in ephemeral_tasks.__all__)
