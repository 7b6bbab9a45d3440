"""What each action of a plan is called, how it is drawn, and how dangerous it is."""

__all__ = ("OUTSIDE_WORDS", "action_symbol", "action_verb", "danger", "is_dangerous")

# The most dangerous first; signs as Terraform draws them, verbs as titles use them.
_ACTIONS = {
    "replace": ("-/+", "replaces"),
    "replace_create_first": ("+/-", "replaces"),
    "create_then_forget": ("+/.", "replaces"),
    "delete": ("-", "destroys"),
    "forget": (".", "forgets"),
    "update": ("~", "changes"),
    "create": ("+", "creates"),
    "move": ("->", "moves"),
    "import": ("<-", "imports"),
    "read": ("<=", "reads"),
    "gone": ("!-", "deleted outside"),
    "drift": ("!", "changed outside"),
    "no-op": (" ", "keeps"),
}
_VERBS = tuple(dict.fromkeys(verb for _, verb in _ACTIONS.values()))
_DANGEROUS = ("replaces", "destroys", "forgets")

OUTSIDE_WORDS = {"drift": "changed outside", "gone": "deleted outside"}
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
