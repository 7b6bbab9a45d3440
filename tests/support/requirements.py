"""The requirements that setup.cfg declares."""

import configparser
from collections.abc import Iterator

from packaging.requirements import Requirement

from tests.support.paths import REPOSITORY

__all__ = ("declared", "RUNTIME_EXTRAS")

RUNTIME_EXTRAS = ("local", "server", "otel")
"""The extras for users; the others are for contributors."""


def declared(*extras: str) -> Iterator[Requirement]:
    """Give the requirements of a plan and of these extras; of all extras if none is named."""
    setup = configparser.ConfigParser()
    setup.read(REPOSITORY / "setup.cfg", encoding="utf-8")
    sections = setup["options.extras_require"]
    texts = [
        setup["options"]["install_requires"],
        *(sections[name] for name in extras or sections),
    ]
    for line in "\n".join(texts).splitlines():
        if line.strip():
            yield Requirement(line)
