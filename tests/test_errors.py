"""The family of errors is as drawn."""

from remote_backend import errors


def drawn() -> dict[str, str | None]:
    """Return each class of the drawing with its parent."""
    family: dict[str, str | None] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        name = line.lstrip("│├└─ ").strip()
        if not name.isidentifier():
            continue
        depth = (len(line) - len(line.lstrip("│├└─ "))) // 4
        above[depth:] = [name]
        family[name] = above[depth - 1] if depth else None
    return family


def test_the_drawn_family_is_the_real_one() -> None:
    """Every class stands in the drawing under its real parent, and none is missing."""
    named = {name: getattr(errors, name) for name in errors.__all__}
    real = {name: kind for name, kind in named.items() if isinstance(kind, type)}

    assert drawn() == {
        name: parent if (parent := kind.__bases__[0].__name__) in real else None
        for name, kind in real.items()
    }
