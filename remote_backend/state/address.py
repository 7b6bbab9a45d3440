"""Addresses of resources, as users write them and as states hold them."""

import json
import re

from attrs import frozen

from remote_backend.errors import AddressError
from remote_backend.formats.go_quoting import go_quote
from remote_backend.formats.hcl import IDENTIFIER

__all__ = (
    "Address",
    "Key",
    "is_inside",
    "key_text",
    "parse_legacy_address",
    "parse_address",
    "parse_module",
)

Key = int | str | None

_NAME = IDENTIFIER.pattern
_KEY = r'\[(?:(\d{1,15})|("(?:[^"\\]|\\.)*"))\]'
_INDEX = re.compile(r"[0-9]{1,15}")
_STEP = re.compile(rf"module\.({_NAME})(?:{_KEY})?(?:\.|$)")
_RESOURCE = re.compile(rf"(data\.)?({_NAME})\.({_NAME})(?:{_KEY})?$")


@frozen(kw_only=True)
class Address:
    """The address of a module, a resource or an instance."""

    module: str = ""
    """As states of format 4 hold it: `module.a[0].module.b`; empty for the root."""

    mode: str = ""
    """`managed` or `data`; empty when a whole module is meant."""

    type: str = ""
    name: str = ""
    key: Key = None

    @property
    def is_module(self) -> bool:
        """Whether a whole module is meant."""
        return not self.mode

    def __str__(self) -> str:
        if self.is_module:
            return self.module
        parts = [self.module] if self.module else []
        parts += ["data"] if self.mode == "data" else []
        return ".".join([*parts, self.type, self.name]) + key_text(self.key)

    def covers(self, other: "Address") -> bool:
        """Return whether it equals or contains another address."""
        if self.is_module:
            return is_inside(other.module, self.module)
        own = (self.module, self.mode, self.type, self.name)
        if own != (other.module, other.mode, other.type, other.name):
            return False
        return self.key is None or self.key == other.key


def parse_address(text: str) -> Address:
    """Parse an address of Terraform 0.12 and later; raises `AddressError`."""
    module, rest = _module(text)
    if not rest and module:
        return Address(module=module)
    match = _RESOURCE.fullmatch(rest)
    if match is None or (match[2] == "data" and not match[1]):
        raise AddressError(
            text,
            'an address looks like aws_vpc.main, module.net["eu"].aws_subnet.a[0] or module.net; '
            "in a shell, put it into single quotes",
        )
    return Address(
        module=module,
        mode="data" if match[1] else "managed",
        type=match[2],
        name=match[3],
        key=_key(match[4], match[5]),
    )


def parse_legacy_address(text: str, module: str) -> Address:
    """Parse an address of Terraform 0.11: the key of a resource in its module.

    `type.name.0` is an instance; the newer form with brackets is accepted too. Raises
    `AddressError`.
    """
    if "[" in text or text.startswith("module."):
        return parse_address(text)
    mode, rest = ("data", text[5:]) if text.startswith("data.") else ("managed", text)
    type_, _, name = rest.partition(".")
    name, number = _split_number(name)
    if not IDENTIFIER.fullmatch(type_) or not IDENTIFIER.fullmatch(name):
        raise AddressError(
            text, "in states of Terraform 0.11, an address looks like aws_vpc.a.0"
        )
    return Address(module=module, mode=mode, type=type_, name=name, key=number)


def parse_module(text: str) -> str:
    """Return the module path of a state for the short form (`a.b`) that Terraform 0.11 takes.

    Raises `AddressError`.
    """
    names = text.split(".") if text else []
    if not all(IDENTIFIER.fullmatch(name) for name in names):
        raise AddressError(text, "a module looks like net or net.subnets")
    return ".".join(f"module.{name}" for name in names)


def key_text(key: Key) -> str:
    """Return the suffix that a key gives a name: nothing, `[0]` or `["key"]`."""
    if key is None:
        return ""
    if isinstance(key, int):
        return f"[{key}]"
    # In quoted strings of HCL, ${ and %{ begin templates unless they are doubled.
    return f"[{go_quote(key).replace('${', '$${').replace('%{', '%%{')}]"


def is_inside(module: str, outer: str) -> bool:
    """Return whether a module equals another one or is inside it or an instance of it."""
    return module == outer or module.startswith((f"{outer}.", f"{outer}["))


def _module(text: str) -> tuple[str, str]:
    steps = []
    position = 0
    while match := _STEP.match(text, position):
        steps.append(f"module.{match[1]}{key_text(_key(match[2], match[3]))}")
        position = match.end()
    if position and position == len(text) and text.endswith("."):
        return "", text
    return ".".join(steps), text[position:]


def _split_number(name: str) -> tuple[str, Key]:
    base, dot, number = name.rpartition(".")
    return (base, int(number)) if dot and _INDEX.fullmatch(number) else (name, None)


def _key(number: str | None, quoted: str | None) -> Key:
    if number is not None:
        return int(number)
    if quoted is None:
        return None
    try:
        text: str = json.loads(quoted)
    except ValueError:
        raise AddressError(quoted, "its key has an unknown escape sequence") from None
    return text.replace("$${", "${").replace("%%{", "%{")
