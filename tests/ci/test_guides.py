"""The guides show the recipes as they are."""

import re

import pytest
import yaml

from tests.support.documents import blocks, read
from tests.support.paths import REPOSITORY
from tests.support.recipes import CI, load_recipe

GUIDES = REPOSITORY / "docs" / "guides"


def examples(guide: str) -> list[str]:
    """Return the blocks of YAML on a page."""
    return [block.text for block in blocks(GUIDES / guide) if block.language == "yaml"]


@pytest.mark.parametrize("name", ["plan.yml", "drift.yml"])
def test_workflows_are_shown_whole_and_as_they_are(name: str) -> None:
    """So that they can be copied from the page, and it does not grow old."""
    assert read(CI / "github" / name) in examples("github.md")


@pytest.mark.parametrize("guide", ["github.md", "gitlab.md"])
def test_examples_are_yaml(guide: str) -> None:
    """All of them, those that show a part of a file too."""
    assert examples(guide) and all(map(yaml.safe_load, examples(guide)))


def test_examples_for_gitlab_extend_jobs_and_set_variables_of_the_template() -> None:
    """Names in the examples and in the table are those of the template."""
    template = load_recipe(CI / "gitlab" / "remote-backend.yml")
    documents = list(map(yaml.safe_load, examples("gitlab.md")))

    entries = [entry for document in documents for entry in document.values()]
    jobs = [entry for entry in entries if isinstance(entry, dict)]
    extended = {job["extends"] for job in jobs if "extends" in job}
    used = {name for each in (*documents, *jobs) for name in each.get("variables", {})}
    listed = set(re.findall(r"^\| `(\w+)` \|", read(GUIDES / "gitlab.md"), re.MULTILINE))

    assert extended and extended <= set(template)
    assert used and used <= set(template["variables"]) <= listed
