"""State files of formats 3 and 4: read as far as needed, changed only where asked."""

import hashlib
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from attrs import define, evolve, field, frozen

from remote_backend.errors import AddressError, StateError
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

__all__ = ("Instance", "Output", "Resource", "StateFile", "md5_of", "parse_state")

_FORMATS = (3, 4)
_LAZY = frozenset({"resources", "modules"})


@frozen(kw_only=True)
class Output:
    """An output of a state."""

    value: Any = field(repr=False)
    type: Any = None
    sensitive: bool = False


@frozen(kw_only=True)
class Resource:
    """A resource of a state and where it stands in the text."""

    address: Address
    start: int
    value: dict[str, Any] = field(repr=False)
    old_key: str = ""
    """Its key in format 3, where each instance stands for itself."""

    @property
    def instances(self) -> tuple["Instance", ...]:
        """Return its instances; an instance of format 3 is the whole resource."""
        if self.old_key:
            return tuple(_old_instances(self))
        found = self.value.get("instances")
        return tuple(
            Instance(
                address=evolve(self.address, key=_key(one.get("index_key"))),
                value=one,
                deposed=one.get("deposed"),
                is_tainted=one.get("status") == "tainted",
            )
            for one in (found if isinstance(found, list) else [])
            if isinstance(one, dict)
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
    """A state as its text, with what its head says."""

    _content: "_Content" = field(repr=False)
    format: int
    serial: int
    lineage: str
    terraform_version: str = ""

    @property
    def text(self) -> str:
        """The whole text; raises `StateError` where changes have broken it."""
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
        """Return it with another serial or lineage, and all else as it was."""
        wanted: dict[str, Any] = {"serial": serial, "lineage": lineage}
        given = {key: value for key, value in wanted.items() if value is not None}
        edits = _head_edits(self._content.base, given)
        if self._content.collides(edits):
            edits = _head_edits(self.text, given)
        return evolve(self, content=self._content.edited(edits), **given)

    def edited(self, edits: list[Edit]) -> "StateFile":
        """Return it with parts of its text replaced, but not of its head."""
        return evolve(self, content=self._content.settled().edited(edits))

    def place_of(self, key: str) -> int | None:
        """Return where the value of a member of the head begins, or None."""
        return self._content.places.get(key)

    def outputs(self, module: str = "") -> dict[str, Output]:
        """Return the outputs of the root, or in format 3 of a module, by name."""
        if self.format == 4:
            found = self._value("outputs") if not module else None
        else:
            found = next(
                (one.get("outputs") for _, path, one in self.modules() if path == module),
                None,
            )
        if not isinstance(found, dict):
            return {}
        return {
            name: Output(
                value=one.get("value"),
                type=one.get("type"),
                sensitive=bool(one.get("sensitive")),
            )
            for name, one in sorted(found.items())
            if isinstance(one, dict)
        }

    def resources(self) -> Iterator[Resource]:
        """Give the resources in the order of the file."""
        if self.format == 3:
            yield from self._old_resources()
            return
        start = self.place_of("resources")
        for element in array_elements(self.text, start) if start is not None else ():
            value = element.value
            if isinstance(value, dict):
                yield Resource(address=_address(value), start=element.start, value=value)

    def modules(self) -> Iterator[tuple[int, str, dict[str, Any]]]:
        """Give place, path and value of each module of format 3."""
        start = self.place_of("modules")
        for element in array_elements(self.text, start) if start is not None else ():
            value = element.value
            path = value.get("path") if isinstance(value, dict) else None
            if isinstance(path, list):
                yield element.start, ".".join(f"module.{name}" for name in path[1:]), value

    def _old_resources(self) -> Iterator[Resource]:
        for start, module, _ in self.modules():
            for member in members(self.text, start):
                if member.key == "resources" and isinstance(member.value, dict):
                    for one in members(self.text, member.value_start):
                        if isinstance(one.value, dict):
                            yield Resource(
                                address=_keyed_address(module, one.key),
                                start=one.value_start,
                                value=one.value,
                                old_key=one.key,
                            )

    def _value(self, key: str) -> Any:
        start = self.place_of(key)
        return parse_value(self.text, start)[0] if start is not None else None


@define(eq=False)
class _Content:
    """The text of a state, and changes that are put into it when somebody looks."""

    base: str
    """The text without the changes."""

    _places: dict[str, int] = field(factory=dict)
    _edits: tuple[Edit, ...] = ()
    _data: bytes | None = None
    _problem: StateError | None = None
    """What changes have broken."""

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
    def places(self) -> dict[str, int]:
        """Where the values of the members of the head begin."""
        self._apply()
        return self._places

    def edited(self, edits: list[Edit]) -> "_Content":
        """Return it with more changes of the base, which must not collide with earlier ones."""
        if not edits:
            return self
        return _Content(self.base, edits=(*self._edits, *edits))

    def settled(self) -> "_Content":
        """Return it with all changes put in; raises `StateError` where they have broken it."""
        self._apply()
        return self

    def collides(self, edits: list[Edit]) -> bool:
        """Whether changes of the base touch some that are not put in yet."""
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
        # Both texts can be large, so the old one goes before the new one comes.
        self.base, self._edits = "", ()
        text = data.decode()
        try:
            _, self._places = _head_of(text)
        except StateError as error:
            self._problem = error
            raise
        self.base, self._data = text, data


def parse_state(data: bytes) -> StateFile:
    """Read a state; raises `StateError` that says what is wrong with it, without its values."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise StateError("it is not UTF-8 text") from None
    return _parse_text(text)


def _parse_text(text: str) -> StateFile:
    head, places = _head_of(text)
    version, serial, lineage = (head.get(name) for name in ("version", "serial", "lineage"))
    if not isinstance(version, int) or isinstance(version, bool):
        raise StateError("it has no version, so it is not a state of Terraform")
    if version not in _FORMATS:
        raise StateError(
            f"its format is {version}, and only 3 and 4 are known; "
            + (
                "a newer remote-backend may know it"
                if version > max(_FORMATS)
                else "Terraform 0.11 brings it up to date"
            )
        )
    serial = 0 if serial is None else serial
    if not isinstance(serial, int) or isinstance(serial, bool) or serial < 0:
        raise StateError("its serial is not a whole number")
    return StateFile(
        content=_Content(text, places),
        format=version,
        serial=serial,
        lineage=lineage or "",
        terraform_version=head.get("terraform_version") or "",
    )


def _head_of(text: str) -> tuple[dict[str, Any], dict[str, int]]:
    """Return the members of the head and where their values begin.

    What is large is looked through once, and not kept.
    """
    head: dict[str, Any] = {}
    places: dict[str, int] = {}
    end = 0
    for member in members(text, 0, unread=_LAZY.__contains__, check=check_element):
        require_known_spelling(member.key)
        if member.key in head:
            raise repeated(text, member)
        head[member.key] = member.value
        end = member.value_end
        if member.key not in _LAZY or _is_list(text, member):
            places[member.key] = member.value_start
    require_end(text, text.index("}", end) + 1)
    check_head(head)
    return head, places


def _is_list(text: str, member: Member) -> bool:
    """Whether a long list is there; null counts as none, and raises `StateError` for others."""
    if text.startswith("[", member.value_start):
        return True
    if text[member.value_start : member.value_end] == "null":
        return False
    raise StateError(f"its {member.key} are not a list")


def _head_edits(text: str, given: dict[str, Any]) -> list[Edit]:
    order = ("version", "terraform_version", "serial")
    return [
        set_member(text, 0, key, json.dumps(value), after=order)
        for key, value in given.items()
    ]


def md5_of(data: bytes) -> str:
    """Return the digest by which servers know the bytes of a state."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _address(value: dict[str, Any]) -> Address:
    return Address(
        module=str(value.get("module") or ""),
        mode=str(value.get("mode") or "managed"),
        type=str(value.get("type") or ""),
        name=str(value.get("name") or ""),
    )


def _key(value: Any) -> Key:
    """Return the key of an instance; Terraform takes fractions too, and nobody means them."""
    if isinstance(value, Decimal):
        is_whole = value.adjusted() < 20 and value == value.to_integral_value()
        return int(value) if is_whole else str(value)
    return value if isinstance(value, int | str) else None


def _keyed_address(module: str, key: str) -> Address:
    try:
        return parse_legacy_address(key, module)
    except AddressError:
        # Whatever a state holds is shown as it is.
        return Address(module=module, mode="managed", type=key, name="")


def _old_instances(resource: Resource) -> Iterator[Instance]:
    primary = resource.value.get("primary")
    if isinstance(primary, dict):
        yield Instance(
            address=resource.address, value=primary, is_tainted=bool(primary.get("tainted"))
        )
    deposed = resource.value.get("deposed")
    for number, one in enumerate(deposed if isinstance(deposed, list) else []):
        if isinstance(one, dict):
            yield Instance(address=resource.address, value=one, deposed=f"{number:08d}")
