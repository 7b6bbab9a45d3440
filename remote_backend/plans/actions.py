"""What each action of a plan is called, how it is drawn, and how dangerous it is."""

from remote_backend.models.changes import Action

__all__ = ("OUTSIDE_WORDS", "action_symbol", "action_verb", "danger", "is_dangerous")

# The most dangerous first; signs as Terraform draws them, verbs as titles use them.
_ACTIONS: dict[str, tuple[str, str]] = {
    Action.REPLACE: ("-/+", "replaces"),
    Action.REPLACE_CREATE_FIRST: ("+/-", "replaces"),
    Action.CREATE_THEN_FORGET: ("+/.", "replaces"),
    Action.DELETE: ("-", "destroys"),
    Action.FORGET: (".", "forgets"),
    Action.UPDATE: ("~", "changes"),
    Action.CREATE: ("+", "creates"),
    Action.MOVE: ("->", "moves"),
    Action.IMPORT: ("<-", "imports"),
    Action.READ: ("<=", "reads"),
    Action.GONE: ("!-", "deleted outside"),
    Action.DRIFT: ("!", "changed outside"),
    Action.NO_OP: (" ", "keeps"),
}
_VERBS = tuple(dict.fromkeys(verb for _, verb in _ACTIONS.values()))
_DANGEROUS = ("replaces", "destroys", "forgets")

OUTSIDE_WORDS: dict[str, str] = {
    Action.DRIFT: "changed outside",
    Action.GONE: "deleted outside",
}
"""How reports name changes that were made outside of Terraform, by action."""


def action_symbol(action: str) -> str:
    """Return the sign that Terraform prints before a change of this kind."""
    return _ACTIONS.get(action, ("?", ""))[0]


def action_verb(action: str) -> str:
    """Return the verb of a title: `destroys`; an action of a later Terraform keeps its word."""
    return _ACTIONS.get(action, ("", action))[1]


def danger(action: str) -> int:
    """Return a rank that is smaller for more dangerous actions; unknown ones come first."""
    return _VERBS.index(action_verb(action)) if action in _ACTIONS else -1


def is_dangerous(action: str) -> bool:
    """Whether an action destroys, replaces or forgets an object."""
    return action_verb(action) in _DANGEROUS
