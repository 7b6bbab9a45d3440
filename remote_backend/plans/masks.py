"""Masks of plans: which parts of a value are sensitive or unknown, in the form of the value.

A mask is true for a whole value, false, or a map or a list of masks. A mask that does not fit its
value hides all of it: a secret is never shown because a server wrote an odd mask.
https://developer.hashicorp.com/terraform/internals/json-format#change-representation
"""

from collections.abc import Container, Iterator
from typing import Any, TypeAlias

from remote_backend.models.values import SENSITIVE, UNKNOWN, Json, Step

__all__ = (
    "Mask",
    "fitted_mask",
    "join_masks",
    "joined_for",
    "mask_at",
    "mask_of_secrets",
    "normalized_mask",
    "secret_texts",
    "visible_value",
)

Mask: TypeAlias = Any

# Shorter ones, as "true" or "eu-west", are found in other places by chance.
_SHORTEST_SECRET = 8


def normalized_mask(mask: Any) -> Mask:
    """Return true, false, or a map or list of masks with something true in each."""
    if isinstance(mask, dict):
        items = {key: normalized_mask(inner) for key, inner in mask.items()}
        return {key: inner for key, inner in items.items() if inner} or False
    if isinstance(mask, list):
        elements = [normalized_mask(inner) for inner in mask]
        return elements if any(elements) else False
    return bool(mask)


def fitted_mask(value: Json, mask: Mask) -> Mask:
    """Return a mask that hides the whole of each part that it does not fit."""
    if isinstance(value, dict) and isinstance(mask, dict):
        return {key: fitted_mask(value.get(key), inner) for key, inner in mask.items()}
    if isinstance(value, list) and isinstance(mask, list):
        return [fitted_mask(item, mask_at(mask, index)) for index, item in enumerate(value)]
    return mask if value is None else bool(mask)


def mask_at(mask: Mask, step: Step | None) -> Mask:
    """Return the mask of a part; nothing is hidden of a part that does not exist (None)."""
    if step is None:
        return False
    if isinstance(mask, dict):
        return mask.get(step, False)
    if isinstance(mask, list):
        return mask[step] if isinstance(step, int) and 0 <= step < len(mask) else False
    return mask


def join_masks(first: Mask, second: Mask) -> Mask:
    """Return a mask of all that one of two masks hides."""
    if first is False or first == second:
        return second
    if second is False:
        return first
    if isinstance(first, dict) and isinstance(second, dict):
        return {
            key: join_masks(first.get(key, False), second.get(key, False))
            for key in {**first, **second}
        }
    if isinstance(first, list) and isinstance(second, list):
        indexes = range(max(len(first), len(second)))
        return [join_masks(mask_at(first, i), mask_at(second, i)) for i in indexes]
    return True


def joined_for(value: Json, own: Mask, other: Mask) -> Mask:
    """Return what to hide of a value: its own mask, and that of the other side if that fits.

    Parts of a map have no counterpart in a list that takes its place.
    """
    if isinstance(other, dict | list) and not isinstance(value, type(other)):
        return own
    return join_masks(own, other)


def secret_texts(value: Json, mask: Mask) -> Iterator[str]:
    """Give the texts that a mask hides, if they are too long to be found in other values by chance."""
    if not mask:
        return
    if mask is True:
        yield from _long_texts(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from secret_texts(item, mask_at(mask, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from secret_texts(item, mask_at(mask, index))
    else:
        yield from _long_texts(value)


def _long_texts(value: Json) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _long_texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _long_texts(item)
    elif isinstance(value, str) and len(value) >= _SHORTEST_SECRET:
        yield value


def mask_of_secrets(value: Json, secrets: Container[str]) -> Mask:
    """Return a mask of the parts of a value that are a secret somewhere else."""
    if isinstance(value, dict):
        masks = {key: mask_of_secrets(item, secrets) for key, item in value.items()}
        return {key: mask for key, mask in masks.items() if mask} or False
    if isinstance(value, list):
        elements = [mask_of_secrets(item, secrets) for item in value]
        return elements if any(elements) else False
    return isinstance(value, str) and value in secrets


def visible_value(value: Json, sensitive: Mask, unknown: Mask) -> Json:
    """Return a value with `SENSITIVE` and `UNKNOWN` in the place of its hidden parts."""
    if value is None and unknown is False:
        return None
    if sensitive is True:
        return SENSITIVE
    if unknown is True:
        return UNKNOWN
    if isinstance(value, dict) or (value is None and isinstance(unknown, dict)):
        return _visible_map(value or {}, sensitive, unknown)
    if isinstance(value, list) or (value is None and isinstance(unknown, list)):
        return _visible_list(value or [], sensitive, unknown)
    return SENSITIVE if sensitive else value


def _visible_map(value: dict[str, Json], sensitive: Mask, unknown: Mask) -> Json:
    if isinstance(sensitive, list):
        return SENSITIVE
    keys = {**value, **(unknown if isinstance(unknown, dict) else {})}
    return {
        key: visible_value(value.get(key), mask_at(sensitive, key), mask_at(unknown, key))
        for key in keys
    }


def _visible_list(value: list[Json], sensitive: Mask, unknown: Mask) -> Json:
    if isinstance(sensitive, dict):
        return SENSITIVE
    length = max(len(value), len(unknown) if isinstance(unknown, list) else 0)
    items = [*value, *([None] * (length - len(value)))]
    return [
        visible_value(item, mask_at(sensitive, index), mask_at(unknown, index))
        for index, item in enumerate(items)
    ]
