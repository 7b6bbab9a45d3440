"""Addresses of resources, as people write them and as states hold them."""

import json
import re

from attrs import frozen

from remote_backend.errors import AddressError
from remote_backend.formats.go_quoting import go_quote

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

_NAME = r"[^\W\d][\w-]*"
_KEY = r'\[(?:(\d{1,15})|("(?:[^"\\]|\\.)*"))\]'
_INDEX = re.compile(r"[0-9]{1,15}")
_STEP = re.compile(rf"module\.({_NAME})(?:{_KEY})?(?:\.|$)")
_RESOURCE = re.compile(rf"(data\.)?({_NAME})\.({_NAME})(?:{_KEY})?$")


@frozen(kw_only=True)
class Address:
    """A module, a resource in it, or one instance of that."""

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
        """Say whether it is, or holds, another address."""
        if self.is_module:
            return is_inside(other.module, self.module)
        mine = (self.module, self.mode, self.type, self.name)
        if mine != (other.module, other.mode, other.type, other.name):
            return False
        return self.key is None or self.key == other.key


def parse_address(text: str) -> Address:
    """Read an address of Terraform 0.12 and later; raises `AddressError`."""
    module, rest = _module(text)
    if not rest and module:
        return Address(module=module)
    found = _RESOURCE.fullmatch(rest)
    if found is None or (found[2] == "data" and not found[1]):
        raise AddressError(
            text,
            'an address looks like aws_vpc.main, module.net["eu"].aws_subnet.a[0] or module.net; '
            "in a shell, put it into single quotes",
        )
    return Address(
        module=module,
        mode="data" if found[1] else "managed",
        type=found[2],
        name=found[3],
        key=_key(found[4], found[5]),
    )


def parse_legacy_address(text: str, module: str) -> Address:
    """Read an address of Terraform 0.11: the key of a resource in its module.

    `type.name.0` names an instance; the newer form with brackets is understood too.
    """
    if "[" in text or text.startswith("module."):
        return parse_address(text)
    mode, rest = ("data", text[5:]) if text.startswith("data.") else ("managed", text)
    type_, _, name = rest.partition(".")
    name, number = _split_number(name)
    if not re.fullmatch(_NAME, type_) or not re.fullmatch(_NAME, name):
        raise AddressError(
            text, "in states of Terraform 0.11, an address looks like aws_vpc.a.0"
        )
    return Address(module=module, mode=mode, type=type_, name=name, key=number)


def parse_module(text: str) -> str:
    """Read the module of 0.11's -module flag (`a.b`), as states hold it; raises `AddressError`."""
    names = text.split(".") if text else []
    if not all(re.fullmatch(_NAME, name) for name in names):
        raise AddressError(text, "a module looks like net or net.subnets")
    return ".".join(f"module.{name}" for name in names)


def key_text(key: Key) -> str:
    """Return what stands behind a name: nothing, `[0]` or `["key"]`."""
    if key is None:
        return ""
    if isinstance(key, int):
        return f"[{key}]"
    # A template would begin here otherwise.
    return f"[{go_quote(key).replace('${', '$${').replace('%{', '%%{')}]"


def is_inside(module: str, outer: str) -> bool:
    """Say whether a module is another one or lies in it; instances lie in their call."""
    return module == outer or module.startswith((f"{outer}.", f"{outer}["))


def _module(text: str) -> tuple[str, str]:
    steps = []
    place = 0
    while found := _STEP.match(text, place):
        steps.append(f"module.{found[1]}{key_text(_key(found[2], found[3]))}")
        place = found.end()
    if place and place == len(text) and text.endswith("."):
        return "", text
    return ".".join(steps), text[place:]


def _split_number(name: str) -> tuple[str, Key]:
    before, dot, number = name.rpartition(".")
    return (before, int(number)) if dot and _INDEX.fullmatch(number) else (name, None)


def _key(number: str | None, quoted: str | None) -> Key:
    if number is not None:
        return int(number)
    if quoted is None:
        return None
    try:
        text: str = json.loads(quoted)
    except ValueError:
        raise AddressError(quoted, "an escape in its key is not known") from None
    return text.replace("$${", "${").replace("%%{", "%{")
