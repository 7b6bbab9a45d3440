"""States of other workspaces that a configuration reads, as far as its text says which.

These are `terraform_remote_state` of the backend `remote`, and `tfe_outputs`, in a configuration and
in the local modules that it calls. Literals, local values and `terraform.workspace` are followed;
what needs variables or functions is left out. A reference that is missed costs a warning alone.

An expression stays text until the name of the workspace is known: local values are put into it in
parentheses, and what cannot be known becomes a text that no name can contain.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from attrs import field, frozen

from remote_backend.config.backend_block import DEFAULT_HOSTNAME
from remote_backend.config.configuration_files import (
    TERRAFORM_AND_OPENTOFU,
    ConfigurationFile,
    read_configuration_files,
)
from remote_backend.config.hcl import Attribute, Block, Body, parse_hcl
from remote_backend.config.hostname import normalize_hostname
from remote_backend.errors import BadHostname, SettingsError
from remote_backend.formats.hcl import HclValue

__all__ = ("StateExpression", "StateReference", "read_state_references")

# Without any of these in its files, a module reads no state and calls no local module.
_INTERESTING = re.compile(rb'terraform_remote_state|tfe_outputs|source"?\s*[=:]\s*"\.')
_KINDS = ("data", "locals", "module", "provider")
_LOCAL_SOURCES = ("./", "../")
# Others, as `count` and `depends_on`, may need functions without changing which state is read.
_ARGUMENTS = ("backend", "config", "organization", "workspace")
_UNKNOWN = "(unknown)"
_START = r"(?<![\w.-])"
_LOCAL_VALUE = re.compile(_START + r"local\.([\w-]+)")
_WORKSPACE = re.compile(_START + r"terraform\.workspace\b")
_DEPENDENT = re.compile(
    _START + r"(?:count|data|each|local|module|path|self|var)(?:\.[\w*-]+|\[[^\[\]]*\])+"
)
# Local values that name others twice, again and again, grow without end.
_MOST_CHARACTERS, _MOST_STEPS = 20_000, 20


@frozen
class StateReference:
    """A workspace whose state is read."""

    workspace: str
    """Its name on the server."""

    organization: str | None
    """None for the organization of the run."""

    hostname: str | None
    """None for the server of the run."""


@frozen
class StateExpression:
    """Which state a data source reads, as an expression that may need the workspace."""

    type: str
    text: str = field(repr=False)
    """An object of the arguments that matter; it may hold secrets, so it is never shown."""

    hostname: str | None = None
    """That of the provider; None for the server of the run."""

    def reference_for(self, workspace: str) -> StateReference | None:
        """Return what a run in a workspace reads; None where the text alone does not say it.

        Since Terraform 1.1 a remote run sees the full name of its workspace:
        hashicorp/terraform PR 30503.
        """
        value = _value_of(_WORKSPACE.sub(lambda match: json.dumps(workspace), self.text))
        if not isinstance(value, Mapping):
            return None
        if self.type == "tfe_outputs":
            return _reference(value.get("workspace"), value, self.hostname)
        return _of_remote_state(value)


def read_state_references(directory: Path) -> tuple[StateExpression, ...]:
    """Read a configuration and the local modules that it calls; never fails for their text."""
    found: list[StateExpression] = []
    waiting, seen = [directory], {os.path.realpath(directory)}
    hostname: str | None = None
    while waiting:
        module = waiting.pop()
        files = _read(module)
        if module == directory:
            hostname = _hostname_of_provider(files)
        found += _expressions(files, hostname)
        for source in _local_sources(files):
            place = os.path.realpath(module / source)
            if place not in seen:
                seen.add(place)
                waiting.append(Path(place))
    return tuple(found)


def _read(module: Path) -> Sequence[ConfigurationFile]:
    """Read the files of a module, none where no file of it is of interest."""
    try:
        if not any(map(_is_interesting, module.iterdir())):
            return ()
        return read_configuration_files(module, _KINDS, TERRAFORM_AND_OPENTOFU)
    except (OSError, SettingsError):
        return ()


def _is_interesting(path: Path) -> bool:
    if not path.name.endswith(TERRAFORM_AND_OPENTOFU) or not path.is_file():
        return False
    return _INTERESTING.search(path.read_bytes()) is not None


def _blocks(files: Sequence[ConfigurationFile], kind: str) -> Iterator[Block]:
    return (block for file in files for block in file.body.blocks_of(kind))


def _attributes(body: Body) -> dict[str, Attribute]:
    return {attribute.name: attribute for attribute in body.attributes}


def _expressions(
    files: Sequence[ConfigurationFile], hostname: str | None
) -> Iterator[StateExpression]:
    local_values = {
        name: _text_of(attribute)
        for block in _blocks(files, "locals")
        for name, attribute in _attributes(block).items()
    }
    for block in _blocks(files, "data"):
        type = block.labels[0] if block.labels else ""
        is_of_default = "provider" not in _attributes(block)
        if type == "terraform_remote_state" or (type == "tfe_outputs" and is_of_default):
            text = _resolved(_object_text(_arguments_of(block)), local_values)
            if text is not None:
                yield StateExpression(type, text, hostname)


def _arguments_of(block: Block) -> Body:
    return Body(
        attributes=tuple(each for each in block.attributes if each.name in _ARGUMENTS),
        blocks=tuple(each for each in block.blocks if each.kind in _ARGUMENTS),
    )


def _local_sources(files: Sequence[ConfigurationFile]) -> Iterator[str]:
    for block in _blocks(files, "module"):
        source = _attributes(block).get("source")
        value = source.literal.value if source and source.literal else None
        if isinstance(value, str) and value.startswith(_LOCAL_SOURCES):
            yield value


def _hostname_of_provider(files: Sequence[ConfigurationFile]) -> str | None:
    for block in _blocks(files, "provider"):
        attributes = _attributes(block)
        if block.labels == ("tfe",) and "alias" not in attributes:
            given = attributes.get("hostname")
            value = given.literal.value if given and given.literal else None
            return _normalized(value) if isinstance(value, str) else None
    return None


def _object_text(body: Body) -> str:
    """Return the arguments of a block as an object; Terraform 0.11 has blocks in it."""
    members = [f"{each.name} = {_text_of(each)}" for each in body.attributes]
    members += [f"{block.kind} = {_object_text(block)}" for block in body.blocks]
    return "\n".join(("{", *members, "}"))


def _text_of(attribute: Attribute) -> str:
    """Return an expression in HCL; in files of JSON it is a value, and its texts are templates."""
    if attribute.line is not None:
        return attribute.source
    value = attribute.source or (attribute.literal.value if attribute.literal else "")
    return json.dumps(value, default=str)


def _resolved(text: str, local_values: Mapping[str, str]) -> str | None:
    """Return an expression without local values and all that cannot be known."""
    for _ in range(_MOST_STEPS):
        resolved = _LOCAL_VALUE.sub(
            lambda match: (
                f"({local_values[match[1]]})" if match[1] in local_values else match[0]
            ),
            text,
        )
        if resolved == text:
            break
        if len(resolved) > _MOST_CHARACTERS:
            return None
        text = resolved
    return _DEPENDENT.sub(json.dumps(_UNKNOWN), text)


# Most expressions are the same for all workspaces.
@lru_cache(maxsize=256)
def _value_of(expression: str) -> HclValue:
    """Return what an expression comes to; None where more than its own text is needed."""
    attributes = parse_hcl(f"x = {expression}\n".encode()).attributes
    literal = attributes[0].literal if len(attributes) == 1 else None
    return literal.value if literal is not None else None


def _of_remote_state(arguments: Mapping[str, HclValue]) -> StateReference | None:
    config = arguments.get("config")
    if arguments.get("backend") != "remote" or not isinstance(config, Mapping):
        return None
    workspaces = config.get("workspaces")
    if not isinstance(workspaces, Mapping):
        return None
    name, prefix = workspaces.get("name"), workspaces.get("prefix")
    if name is None and isinstance(prefix, str):
        local_name = arguments.get("workspace", "default")
        name = f"{prefix}{local_name}" if isinstance(local_name, str) else None
    given = config.get("hostname") or DEFAULT_HOSTNAME
    hostname = _normalized(given) if isinstance(given, str) else None
    return _reference(name, config, hostname) if hostname is not None else None


def _reference(
    name: HclValue, arguments: Mapping[str, HclValue], hostname: str | None
) -> StateReference | None:
    organization = arguments.get("organization")
    known = (name, organization or "", hostname or "")
    if not name or any(not isinstance(each, str) or _UNKNOWN in each for each in known):
        return None
    return StateReference(str(name), str(organization) if organization else None, hostname)


def _normalized(hostname: str) -> str | None:
    try:
        return normalize_hostname(hostname)
    except BadHostname:
        return None
