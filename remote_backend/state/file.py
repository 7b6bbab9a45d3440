"""State files of formats 3 and 4: parsed as far as needed, edited only in the given places."""

import hashlib
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from attrs import define, evolve, field, frozen

from remote_backend.errors import AddressError, StateError
from remote_backend.models.state import StateOutput
from remote_backend.state.address import Address, Key, parse_legacy_address
from remote_backend.state.json_edits import (
    Edit,
    Member,
    apply_edits_encoded,
    array_elements,
    members,
    parse_value,
    repeated,
    require_end,
    set_member,
)
from remote_backend.state.shape import check_element, check_head, require_known_spelling

__all__ = ("Instance", "Resource", "StateFile", "md5_of", "parse_state")

_FORMATS = (3, 4)
_LAZY = frozenset({"resources", "modules"})


@frozen(kw_only=True)
class Resource:
    """A resource of a state and its position in the text."""

    address: Address
    start: int
    value: dict[str, Any] = field(repr=False)
    legacy_key: str = ""
    """Its key in format 3, where each instance has an entry of its own."""

    @property
    def instances(self) -> tuple["Instance", ...]:
        """Return its instances; in format 3 an entry is one instance and its deposed objects."""
        if self.legacy_key:
            return tuple(_legacy_instances(self))
        instances = self.value.get("instances")
        return tuple(
            Instance(
                address=evolve(self.address, key=_key(instance.get("index_key"))),
                value=instance,
                deposed=instance.get("deposed"),
                is_tainted=instance.get("status") == "tainted",
            )
            for instance in (instances if isinstance(instances, list) else [])
            if isinstance(instance, dict)
        )


@frozen(kw_only=True)
class Instance:
    """One instance of a resource."""

    address: Address
    value: dict[str, Any] = field(repr=False)
    deposed: str | None = None
    is_tainted: bool = False


@frozen(kw_only=True)
class StateFile:
    """A state as text, with the parsed members of its head."""

    _content: "_Content" = field(repr=False)
    format: int
    serial: int
    lineage: str
    terraform_version: str = ""

    @property
    def text(self) -> str:
        """The whole text; raises `StateError` when edits have broken it."""
        return self._content.text

    @property
    def data(self) -> bytes:
        """Return the bytes that are stored; raises `StateError` as `text` does."""
        return self._content.data

    @property
    def is_empty(self) -> bool:
        """Whether it holds no resource and no output."""
        return not self.outputs() and next(self.resources(), None) is None

    def with_head(
        self, *, serial: int | None = None, lineage: str | None = None
    ) -> "StateFile":
        """Return it with another serial or lineage, otherwise unchanged."""
        candidates: dict[str, Any] = {"serial": serial, "lineage": lineage}
        changes = {key: value for key, value in candidates.items() if value is not None}
        edits = _head_edits(self._content.base, changes)
        if self._content.collides(edits):
            edits = _head_edits(self.text, changes)
        return evolve(self, content=self._content.edited(edits), **changes)

    def edited(self, edits: list[Edit]) -> "StateFile":
        """Return it with edits of its text, which must not concern its head."""
        return evolve(self, content=self._content.settled().edited(edits))

    def value_start(self, key: str) -> int | None:
        """Return the position of the value of a member of the head, or None."""
        return self._content.value_starts.get(key)

    def outputs(self, module: str = "") -> dict[str, StateOutput]:
        """Return the outputs of the root, or in format 3 of a module, by name."""
        if self.format == 4:
            outputs = self._value("outputs") if not module else None
        else:
            outputs = next(
                (
                    value.get("outputs")
                    for _, path, value in self.modules()
                    if path == module
                ),
                None,
            )
        if not isinstance(outputs, dict):
            return {}
        return {
            name: StateOutput(
                value=output.get("value"),
                type=output.get("type"),
                sensitive=bool(output.get("sensitive")),
            )
            for name, output in sorted(outputs.items())
            if isinstance(output, dict)
        }

    def resources(self) -> Iterator[Resource]:
        """Yield the resources in the order of the file."""
        if self.format == 3:
            yield from self._legacy_resources()
            return
        start = self.value_start("resources")
        for element in array_elements(self.text, start) if start is not None else ():
            value = element.value
            if isinstance(value, dict):
                yield Resource(address=_address(value), start=element.start, value=value)

    def modules(self) -> Iterator[tuple[int, str, dict[str, Any]]]:
        """Yield position, path and value of each module of format 3."""
        start = self.value_start("modules")
        for element in array_elements(self.text, start) if start is not None else ():
            value = element.value
            path = value.get("path") if isinstance(value, dict) else None
            if isinstance(path, list):
                yield element.start, ".".join(f"module.{name}" for name in path[1:]), value

    def _legacy_resources(self) -> Iterator[Resource]:
        for start, module, _ in self.modules():
            for member in members(self.text, start):
                if member.key == "resources" and isinstance(member.value, dict):
                    for entry in members(self.text, member.value_start):
                        if isinstance(entry.value, dict):
                            yield Resource(
                                address=_keyed_address(module, entry.key),
                                start=entry.value_start,
                                value=entry.value,
                                legacy_key=entry.key,
                            )

    def _value(self, key: str) -> Any:
        start = self.value_start(key)
        return parse_value(self.text, start)[0] if start is not None else None


@define(eq=False)
class _Content:
    """The text of a state, and edits that are applied when the text is read."""

    base: str
    """The text without the edits."""

    _value_starts: dict[str, int] = field(factory=dict)
    _edits: tuple[Edit, ...] = ()
    _data: bytes | None = None
    _problem: StateError | None = None
    """The error in the text after the edits."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Content) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    @property
    def text(self) -> str:
        self._apply()
        return self.base

    @property
    def data(self) -> bytes:
        self._apply()
        return self._data if self._data is not None else self.base.encode()

    @property
    def value_starts(self) -> dict[str, int]:
        """The positions of the values of the members of the head."""
        self._apply()
        return self._value_starts

    def edited(self, edits: list[Edit]) -> "_Content":
        """Return it with more edits of the base, which must not collide with pending ones."""
        if not edits:
            return self
        return _Content(self.base, edits=(*self._edits, *edits))

    def settled(self) -> "_Content":
        """Apply all edits and return it; raises `StateError` when they have broken the text."""
        self._apply()
        return self

    def collides(self, edits: list[Edit]) -> bool:
        """Whether edits of the base touch pending ones."""
        return any(
            new.start <= old.end and old.start <= new.end
            for new in edits
            for old in self._edits
        )

    def _apply(self) -> None:
        if self._problem is not None:
            raise self._problem
        if not self._edits:
            return
        data = apply_edits_encoded(self.base, self._edits)
        # Both texts can be large, so the old one is freed before the new one is decoded.
        self.base, self._edits = "", ()
        text = data.decode()
        try:
            _, self._value_starts = _head_of(text)
        except StateError as error:
            self._problem = error
            raise
        self.base, self._data = text, data


def parse_state(data: bytes) -> StateFile:
    """Parse a state; raises `StateError`, whose text has no values of the state."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise StateError("it is not UTF-8 text") from None
    return _parse_text(text)


def _parse_text(text: str) -> StateFile:
    head, value_starts = _head_of(text)
    version, serial, lineage = (head.get(name) for name in ("version", "serial", "lineage"))
    if not isinstance(version, int) or isinstance(version, bool):
        raise StateError("it has no version, so it is not a Terraform state")
    if version not in _FORMATS:
        raise StateError(
            f"its format is {version}, and only 3 and 4 are supported; "
            + (
                "a newer remote-backend may support it"
                if version > max(_FORMATS)
                else "Terraform 0.11 upgrades it"
            )
        )
    serial = 0 if serial is None else serial
    if not isinstance(serial, int) or isinstance(serial, bool) or serial < 0:
        raise StateError("its serial is not a whole number")
    return StateFile(
        content=_Content(text, value_starts),
        format=version,
        serial=serial,
        lineage=lineage or "",
        terraform_version=head.get("terraform_version") or "",
    )


def _head_of(text: str) -> tuple[dict[str, Any], dict[str, int]]:
    """Return the members of the head and the positions of their values.

    Long lists are checked element by element, and not kept.
    """
    head: dict[str, Any] = {}
    value_starts: dict[str, int] = {}
    end = 0
    for member in members(text, 0, unread=_LAZY.__contains__, check=check_element):
        require_known_spelling(member.key)
        if member.key in head:
            raise repeated(text, member)
        head[member.key] = member.value
        end = member.value_end
        if member.key not in _LAZY or _is_list(text, member):
            value_starts[member.key] = member.value_start
    require_end(text, text.index("}", end) + 1)
    check_head(head)
    return head, value_starts


def _is_list(text: str, member: Member) -> bool:
    """Whether a member is a list; False for null, and raises `StateError` for other values."""
    if text.startswith("[", member.value_start):
        return True
    if text[member.value_start : member.value_end] == "null":
        return False
    raise StateError(f"its {member.key} are not a list")


def _head_edits(text: str, changes: dict[str, Any]) -> list[Edit]:
    order = ("version", "terraform_version", "serial")
    return [
        set_member(text, 0, key, json.dumps(value), after=order)
        for key, value in changes.items()
    ]


def md5_of(data: bytes) -> str:
    """Return the digest that servers keep of the bytes of a state."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _address(value: dict[str, Any]) -> Address:
    return Address(
        module=str(value.get("module") or ""),
        mode=str(value.get("mode") or "managed"),
        type=str(value.get("type") or ""),
        name=str(value.get("name") or ""),
    )


def _key(value: Any) -> Key:
    """Return the key of an instance; Terraform accepts fractions too, which become text."""
    if isinstance(value, Decimal):
        is_whole = value.adjusted() < 20 and value == value.to_integral_value()
        return int(value) if is_whole else str(value)
    return value if isinstance(value, int | str) else None


def _keyed_address(module: str, key: str) -> Address:
    try:
        return parse_legacy_address(key, module)
    except AddressError:
        # Malformed keys are printed as they are.
        return Address(module=module, mode="managed", type=key, name="")


def _legacy_instances(resource: Resource) -> Iterator[Instance]:
    primary = resource.value.get("primary")
    if isinstance(primary, dict):
        yield Instance(
            address=resource.address, value=primary, is_tainted=bool(primary.get("tainted"))
        )
    deposed = resource.value.get("deposed")
    for number, instance in enumerate(deposed if isinstance(deposed, list) else []):
        if isinstance(instance, dict):
            yield Instance(
                address=resource.address, value=instance, deposed=f"{number:08d}"
            )
