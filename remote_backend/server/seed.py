"""The seed of a server: workspaces and variables that exist from the start."""

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

from attrs import field, frozen

from remote_backend.config.hcl1 import Hcl1Error, parse_hcl1
from remote_backend.decoding import read_text
from remote_backend.engine.judgement import POLICY_LEVELS, SimulatedCost, SimulatedPolicy
from remote_backend.engine.simulated import Simulation
from remote_backend.errors import SettingsError
from remote_backend.formats.hcl import write_hcl
from remote_backend.models.plan import Counts

__all__ = ("SeedVariable", "SeedWorkspace", "read_seed")

_WORKSPACE_KEYS = frozenset(
    {
        "description",
        "execution_mode",
        "file_triggers_enabled",
        "project",
        "simulated",
        "tags",
        "terraform_version",
        "trigger_patterns",
        "trigger_prefixes",
        "variable",
        "variables",
        "working_directory",
    }
)
_SIMULATED_KEYS = frozenset(
    {
        "add",
        "change",
        "cost",
        "destroy",
        "fails",
        "log",
        "policy",
        "repeat",
        "seconds",
    }
)
_POLICY_KEYS = frozenset({"level", "passes", "text"})
_COST_KEYS = frozenset({"matched", "prior", "proposed", "resources"})
_AMOUNT = re.compile(r"\d{1,12}(\.\d{1,6})?\Z")
_LARGEST_NUMBER = 1_000_000_000
_VARIABLE_KEYS = frozenset({"category", "description", "hcl", "sensitive", "value"})


@frozen(kw_only=True)
class SeedVariable:
    """A variable as a seed gives it."""

    key: str
    value: str = field(repr=False)
    category: str = "terraform"
    hcl: bool = False
    sensitive: bool = False
    description: str = ""


@frozen(kw_only=True)
class SeedWorkspace:
    """A workspace as a seed gives it."""

    name: str
    working_directory: str = ""
    terraform_version: str = "latest"
    description: str | None = None
    tags: tuple[str, ...] = ()
    """Names of tags, and `KEY=VALUE` for tags with values."""

    project: str | None = None
    """The name of its project, which is made unless it is there."""

    execution_mode: str | None = None
    trigger_patterns: tuple[str, ...] = ()
    trigger_prefixes: tuple[str, ...] = ()
    file_triggers_enabled: bool | None = None
    variables: tuple[SeedVariable, ...] = ()
    simulation: Simulation | None = None
    """How the simulated engine plans it."""


def read_seed(path: Path) -> tuple[SeedWorkspace, ...]:
    """Read the workspaces of a seed file, in HCL or, when its name ends so, in JSON.

    Raises `SettingsError` that names the file and what is wrong in it, never a value.
    """
    workspaces = _parse(path, read_text(path)).get("workspace", {})
    return tuple(
        _workspace(path, name, members) for name, members in _blocks(path, workspaces)
    )


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        parsed = _load_json(text) if path.suffix == ".json" else parse_hcl1(text)
    except Hcl1Error as error:
        raise SettingsError(
            f"{path}:{error.line} cannot be read: {error.problem}"
        ) from None
    except (ValueError, ArithmeticError, RecursionError) as error:
        problem = str(error) or "its numbers or its depth are too large"
        raise SettingsError(f"{path} cannot be read: {problem}") from None
    if not isinstance(parsed, dict) or set(parsed) - {"workspace"}:
        raise SettingsError(
            f'{path}: only blocks of the form workspace "NAME" are expected'
        )
    return parsed


def _load_json(text: str) -> Any:
    return json.loads(
        text, parse_float=Decimal, parse_int=Decimal, parse_constant=_refuse_constant
    )


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number in JSON")


def _workspace(path: Path, name: str, members: dict[str, Any]) -> SeedWorkspace:
    where = f"{path}: workspace {name}"
    _require_known_keys(where, members, _WORKSPACE_KEYS)
    if members.get("trigger_patterns") and members.get("trigger_prefixes"):
        raise SettingsError(
            f"{where}: trigger_patterns and trigger_prefixes exclude each other"
        )
    variables = [
        _variable(where, key, value)
        for key, value in _blocks(path, members.get("variables", {}))
    ]
    variables += [
        _full_variable(where, key, block)
        for key, block in _blocks(path, members.get("variable", {}))
    ]
    return SeedWorkspace(
        name=name,
        working_directory=_text(where, members, "working_directory") or "",
        terraform_version=_text(where, members, "terraform_version") or "latest",
        description=_text(where, members, "description"),
        tags=_texts(where, members, "tags"),
        project=_text(where, members, "project"),
        execution_mode=_execution_mode(where, members),
        trigger_patterns=_texts(where, members, "trigger_patterns"),
        trigger_prefixes=_texts(where, members, "trigger_prefixes"),
        file_triggers_enabled=_flag(where, members, "file_triggers_enabled")
        if "file_triggers_enabled" in members
        else None,
        variables=tuple(variables),
        simulation=_simulation(where, members),
    )


def _simulation(where: str, members: dict[str, Any]) -> Simulation | None:
    if "simulated" not in members:
        return None
    where = f"{where}, simulated"
    block = members["simulated"]
    _require_known_keys(where, block, _SIMULATED_KEYS)
    log = _text(where, block, "log")
    lines = tuple(line.encode() for line in (log or "").splitlines(keepends=True))
    counts = (_number(where, block, name) for name in ("add", "change", "destroy"))
    policies = [
        _policy(where, name, policy)
        for name, policy in _blocks(where, block.get("policy", {}))
    ]
    return Simulation(
        policies=tuple(policies),
        cost=_cost(where, block["cost"]) if "cost" in block else None,
        seconds=_number(where, block, "seconds"),
        parts=lines * int(_number(where, block, "repeat") or 1),
        succeeds=not _flag(where, block, "fails"),
        counts=Counts(*(int(count) for count in counts)),
    )


def _policy(where: str, name: str, block: Any) -> SimulatedPolicy:
    where = f"{where}, policy {name}"
    _require_known_keys(where, block, _POLICY_KEYS)
    level = _text(where, block, "level") or POLICY_LEVELS[0]
    if level not in POLICY_LEVELS:
        raise SettingsError(f"{where}: level must be one of {', '.join(POLICY_LEVELS)}")
    return SimulatedPolicy(
        name=name,
        level=level,
        passed=_flag(where, block, "passes", default=True),
        text=_text(where, block, "text") or "",
    )


def _cost(where: str, block: Any) -> SimulatedCost:
    where = f"{where}, cost"
    _require_known_keys(where, block, _COST_KEYS)
    amounts = {name: _text(where, block, name) or "0.0" for name in ("prior", "proposed")}
    for name, amount in amounts.items():
        if not _AMOUNT.match(amount):
            raise SettingsError(f"{where}: {name} must be an amount as text, like 12.50")
    resources, matched = (int(_number(where, block, n)) for n in ("resources", "matched"))
    return SimulatedCost(**amounts, resources=max(resources, matched), matched=matched)


def _variable(where: str, key: str, value: Any) -> SeedVariable:
    if isinstance(value, str):
        return SeedVariable(key=key, value=value)
    return SeedVariable(key=key, value=write_hcl(value), hcl=True)


def _full_variable(where: str, key: str, block: Any) -> SeedVariable:
    where = f"{where}, variable {key}"
    if not isinstance(block, dict):
        raise SettingsError(f"{where}: a block with a value is expected")
    _require_known_keys(where, block, _VARIABLE_KEYS)
    plain = _variable(where, key, block.get("value", ""))
    category = _text(where, block, "category") or "terraform"
    if category not in ("terraform", "env"):
        raise SettingsError(f"{where}: category must be terraform or env")
    return SeedVariable(
        key=key,
        value=plain.value,
        category=category,
        hcl=plain.hcl or _flag(where, block, "hcl"),
        sensitive=_flag(where, block, "sensitive"),
        description=_text(where, block, "description") or "",
    )


def _blocks(path: Path | str, value: Any) -> list[tuple[str, Any]]:
    # HCL repeats a block as a list of objects, JSON writes one object.
    blocks = value if isinstance(value, list) else [value]
    if not all(isinstance(block, dict) for block in blocks):
        raise SettingsError(f"{path}: a block with a name is expected")
    return [item for block in blocks for item in block.items()]


def _require_known_keys(where: str, members: Any, known: frozenset[str]) -> None:
    if not isinstance(members, dict):
        raise SettingsError(f"{where}: a block is expected")
    unknown = sorted(set(members) - known)
    if unknown:
        raise SettingsError(
            f"{where}: unknown {unknown[0]!r}; possible are {', '.join(sorted(known))}"
        )


def _text(where: str, members: dict[str, Any], name: str) -> str | None:
    value = members.get(name)
    if value is not None and not isinstance(value, str):
        raise SettingsError(f"{where}: {name} must be text")
    return value


def _texts(where: str, members: dict[str, Any], name: str) -> tuple[str, ...]:
    texts = members.get(name, [])
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise SettingsError(f"{where}: {name} must be a list of texts")
    return tuple(texts)


def _execution_mode(where: str, members: dict[str, Any]) -> str | None:
    mode = _text(where, members, "execution_mode")
    if mode not in (None, "remote", "local"):
        raise SettingsError(f"{where}: execution_mode must be remote or local")
    return mode


def _number(where: str, members: dict[str, Any], name: str) -> float:
    value = members.get(name, Decimal())
    if not isinstance(value, Decimal) or not 0 <= value <= _LARGEST_NUMBER:
        raise SettingsError(f"{where}: {name} must be a number from 0 to {_LARGEST_NUMBER}")
    return float(value)


def _flag(where: str, members: dict[str, Any], name: str, *, default: bool = False) -> bool:
    value = members.get(name, default)
    if not isinstance(value, bool):
        raise SettingsError(f"{where}: {name} must be true or false")
    return value
