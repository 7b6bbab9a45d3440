"""The import directions of the package hold, module by module."""

import ast
from pathlib import Path

import pytest

import remote_backend
from tests.support.paths import REPOSITORY

ROOT = Path(remote_backend.__file__).parent

# The longest matching name wins. A module imports lower floors and its own folder.
FLOORS = {
    "errors": 0, "_version": 0, "structured_logging": 0, "exception_groups": 0,
    "atomic_files": 0, "temporary_folders": 0, "telemetry": 0, "formats": 0,
    "models": 1, "notices": 1, "decoding": 1, "api.messages": 2, "api.transport_settings": 2,
    "events": 2, "api.wire": 2, "api.exactly_once": 2, "plans": 2, "slug": 2, "engine": 2,
    "config.configuration_files": 2, "config.hcl": 2, "config.hcl_json": 2,
    "config.cli_configuration": 2, "config.hostname": 2, "config.hcl1": 2, "config.hcl_literals": 2, "config.hcl_operations": 2,
    "state.json_edits": 2, "state.address": 2, "state.file": 2, "state.edits": 2, "state.positions": 2,
    "state.shape": 2, "state.output_format": 2, "state.state_format": 2,
    "api": 3, "config": 3, "git": 3, "server": 3,
    "connection": 4, "workspaces": 4, "state": 4, "state.workspace_deletion": 5,
    "state.state_locations": 5, "state.migrate": 5, "planning": 5, "reports": 5, "selecting": 5,
    "planning.batch_id": 1, "async_blocks": 1, "backend_workspaces": 5,
    "backend_plans": 6, "backend_states": 6, "backend": 7,
    "server.pages": 6, "server.app": 6, "server.listener": 6, "server.embedded": 6,
    "configurations": 8, "opening": 9, "calls": 10, "public_names": 11, "blocking": 11,
    "testing": 11, "pytest_plugin": 12, "cli": 12, "examples": 12, "__main__": 13,
}  # fmt: skip
# Walls: who may look inside, whatever the floors say.
SEEN_ONLY_BY = {
    "api.wire": {"api", "server.documents"},
    "api.transport": {"connection"},
    "server": {"cli", "testing"},
}
# `cli.process` only decides when it is imported.
AIOHTTP_LIVES_IN = ("api.transport", "server", "examples", "cli.process")


def name_of(path: Path) -> str:
    """Return the name of a module without the package prefix."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def floor_of(name: str) -> int:
    """Return the floor of a module named without the package prefix."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        if (floor := FLOORS.get(".".join(parts[:end]))) is not None:
            return floor
    raise LookupError(f"{name} has no floor: give it one")


def imports_of(path: Path) -> set[str]:
    """Return every absolute name that a module imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: import by absolute name"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def is_within(name: str, part: str) -> bool:
    """Say whether a module is a part of the package, or stands below it."""
    return f"{name}.".startswith(f"{part}.")


def wrong_imports(name: str, imported: set[str]) -> list[str]:
    """Return what a module imports against the picture."""
    wrong = []
    for target in imported:
        if target.split(".")[0] == "aiohttp" and not name.startswith(AIOHTTP_LIVES_IN):
            wrong.append(f"{name} -> {target}")
        if not target.startswith("remote_backend."):
            continue
        inner = target.removeprefix("remote_backend.")
        if inner in remote_backend.__all__:
            # Only programs that embed the package see it by its face.
            wrong += [f"{name} -> {inner}"] if not is_within(name, "examples") else []
        elif goes_up(name, inner) or goes_through_a_wall(name, inner):
            wrong.append(f"{name} -> {inner}")
    return wrong


def goes_up(name: str, inner: str) -> bool:
    """Say whether a module imports a floor that is not below its own."""
    is_own = inner.split(".")[0] == name.split(".")[0]
    return floor_of(inner) > floor_of(name) - (0 if is_own else 1)


def goes_through_a_wall(name: str, inner: str) -> bool:
    """Say whether a module imports something that only others may see."""
    return any(
        is_within(inner, walled)
        and not is_within(name, walled)
        and not any(is_within(name, seer) for seer in seers)
        for walled, seers in SEEN_ONLY_BY.items()
    )


def modules() -> list[Path]:
    """Return every module but the package's own face, which imports everything."""
    return sorted(set(ROOT.rglob("*.py")) - {ROOT / "__init__.py"})


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_imports_point_down(path: Path) -> None:
    """A module imports lower floors, its own folder, and no walled part."""
    assert wrong_imports(name_of(path), imports_of(path)) == []


@pytest.mark.parametrize(
    ("name", "imported"),
    [
        ("models.run", "remote_backend.api.wire.runs"),
        ("api.client", "remote_backend.api.transport.session"),
        ("planning.batch", "remote_backend.api.wire.runs"),
        ("config.backend_block", "remote_backend.api.client"),
        ("server.lists", "remote_backend.api.client"),
        ("planning.batch", "remote_backend.server.store"),
        ("server.app", "remote_backend.api.wire.runs"),
        ("cli.main", "remote_backend.api.transport.retry"),
        ("api.client", "remote_backend.planning.batch"),
        ("api.client", "aiohttp"),
        ("cli.commands.plan", "remote_backend.open_backend"),
    ],
)
def test_a_wrong_import_is_named(name: str, imported: str) -> None:
    """The test above would see an import that goes up, sideways, or through a wall."""
    assert wrong_imports(name, {imported})


@pytest.mark.parametrize(
    "path", sorted(REPOSITORY.glob("tests/**/*.py")), ids=lambda path: path.stem
)
def test_tests_share_by_support_alone(path: Path) -> None:
    """No test module imports another or a conftest: what they share is in `tests.support`."""
    shared = {name for name in imports_of(path) if name.startswith("tests.")}

    assert {name for name in shared if not name.startswith("tests.support.")} == set()
