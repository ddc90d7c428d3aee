"""The order of the floors, as CONTRIBUTING.md tells it: a module imports only what lies below it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "convo"

FLOORS: tuple[tuple[str, ...], ...] = (
    ("errors", "values", "harmless", "frozen"),
    ("chunks", "messages", "options", "completions"),
    ("turns", "partials", "records", "profiles"),
    ("store", "context", "backends"),
    ("ports",),
    ("flows",),
    ("conversation", "aio", "stores", "streams", "trials"),
    ("convo", "public"),  # what `from convo import ...` gives
    ("cli", "interchange", "__main__"),
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
SEPARATE = frozenset({"store", "context", "backends"})  # one floor, and no doors between them
APART = frozenset({"testing"})  # for users: may import any floor, and no floor imports it
NAME_AND_VERSION = frozenset({"__version__"})  # what any floor may take from convo itself

HOMES = {  # third-party packages that only some rooms may import, as (room, file name without .py)
    "httpx": ("ports", "backends.http"),
    "httpcore": ("ports", "backends.http"),
    "sqlalchemy": ("ports", "store"),
    "alembic": ("store",),
    "typer": ("cli",),
    "rich": ("cli",),
    "prompt_toolkit": ("cli",),
    "markdown_it": ("cli",),
    "mistral_common": ("context",),
}
NAMED_ANYWHERE = frozenset({"sqlalchemy.engine.Connection"})  # the type of what a port hands to a store function


def module_name(path: Path) -> str:
    """``context.rules`` for convo/context/rules.py; a package is its folder's name, ``convo`` the whole."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts) or "convo"


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imports(source: str) -> Iterator[str]:
    """Every module that ``source`` imports, inside functions and type checking blocks too, as a dotted name."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            base = node.module or ""
            yield from (f"{base}.{alias.name}" for alias in node.names)


def rooms_imported(path: Path) -> Iterator[str]:
    for name in imports(path.read_text(encoding="utf-8")):
        package, _, rest = name.partition(".")
        room = rest.partition(".")[0]
        if package == "convo" and rest not in NAME_AND_VERSION:
            yield room if room in FLOOR or room in APART else "convo"


def test_every_room_has_its_floor() -> None:
    rooms = {name.partition(".")[0] for name in MODULES}
    assert rooms - APART - set(FLOOR) == set()


@pytest.mark.parametrize("module", sorted(name for name in MODULES if name.partition(".")[0] not in APART))
def test_a_module_imports_only_floors_below(module: str) -> None:
    room = module.partition(".")[0]
    for imported in rooms_imported(MODULES[module]):
        assert imported not in APART, f"{module} imports {imported}, which is for users"
        same_floor_is_open = FLOOR[imported] == FLOOR[room] and not {imported, room} <= SEPARATE
        assert FLOOR[imported] < FLOOR[room] or imported == room or same_floor_is_open, f"{module} imports {imported}"


@pytest.mark.parametrize("package", sorted(HOMES))
def test_a_third_party_package_is_imported_in_its_homes_only(package: str) -> None:
    users = {
        module
        for module, path in MODULES.items()
        for name in imports(path.read_text(encoding="utf-8"))
        if name.partition(".")[0] == package and name not in NAMED_ANYWHERE
    }
    strangers = {user for user in users if not user.startswith((*HOMES[package], *APART))}
    assert strangers == set()


def test_the_check_sees_late_and_guarded_imports() -> None:
    source = "def f():\n    from convo.flows import turn\nif TYPE_CHECKING:\n    import convo.store.engine\n"
    assert sorted(imports(source)) == ["convo.flows.turn", "convo.store.engine"]
