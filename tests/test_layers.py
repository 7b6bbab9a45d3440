"""The import directions of the package hold, module by module."""

import ast
from pathlib import Path

import pytest

import remote_backend

ROOT = Path(remote_backend.__file__).parent

# The longest matching name wins. A module imports lower floors and its own folder.
FLOORS = {
    "errors": 0, "messages": 0, "_version": 0, "log": 0,
    "exactly_once": 1, "formats": 0, "task_groups": 0, "private_files": 0, "lazy": 0,
    "decoding": 1, "temporary_folders": 0,
    "models": 1, "notices": 1,
    "config.hcl1": 2, "config.hcl_literals": 2, "config.hcl_operations": 2,
    "events": 2, "wire": 2, "plans": 2, "slug": 2, "engine": 2,
    "client": 3, "transport": 3, "config": 3, "server": 3,
    "connect": 4, "workspaces": 4, "uploads": 4, "runs": 4, "watch": 4, "log_state": 3, "logs": 4, "checks": 4,
    "notifications": 4, "details": 4,
    "state.json_text": 2, "state.address": 2, "state.file": 2, "state.edits": 2,
    "state.shape": 2, "state.value_text": 2, "state.state_text": 2, "state": 4,
    "state.deleting": 5, "state.places": 5, "state.migrate": 5,
    "batch": 5, "reports": 5,
    "backend_states": 5, "backend": 6,
    "cli": 7, "examples": 7, "__main__": 8,
}  # fmt: skip
# Walls: who may look inside, whatever the floors say.
SEEN_ONLY_BY = {
    "wire": {"client", "log_state", "notifications", "server"},
    "transport": {"connect"},
    "server": {"cli"},
}
# The last one only decides when it is imported.
AIOHTTP_LIVES_IN = ("transport.session", "server", "examples", "cli.authorities")


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


def wrong_imports(name: str, imported: set[str]) -> list[str]:
    """Return what a module imports against the picture."""
    part = name.split(".")[0]
    wrong = []
    for target in imported:
        if target.split(".")[0] == "aiohttp" and not name.startswith(AIOHTTP_LIVES_IN):
            wrong.append(f"{name} -> {target}")
        if not target.startswith("remote_backend."):
            continue
        if target.removeprefix("remote_backend.") in remote_backend.__all__:
            # Only programs that embed the package see it by its face.
            wrong += [f"{name} -> {target}"] if part != "examples" else []
            continue
        inner = target.removeprefix("remote_backend.")
        other = inner.split(".")[0]
        allowed = floor_of(name) if other == part else floor_of(name) - 1
        if floor_of(inner) > allowed or (
            other != part and part not in SEEN_ONLY_BY.get(other, {part})
        ):
            wrong.append(f"{name} -> {inner}")
    return wrong


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
        ("models.run", "remote_backend.wire.runs"),
        ("client", "remote_backend.transport.session"),
        ("batch.orchestrate", "remote_backend.wire.runs"),
        ("config.block", "remote_backend.client"),
        ("server.app", "remote_backend.client"),
        ("cli.main", "remote_backend.transport.retry"),
        ("watch", "remote_backend.logs"),
        ("client", "aiohttp"),
        ("cli.plan", "remote_backend.open_backend"),
    ],
)
def test_a_wrong_import_is_named(name: str, imported: str) -> None:
    """The test above would see an import that goes up, sideways, or through a wall."""
    assert wrong_imports(name, {imported})
