"""Actions are an enum whose members equal the words of reports."""

import json
import pickle

import pytest

from remote_backend.models.changes import Action, OutputChange, ResourceChange


@pytest.mark.parametrize("action", Action)
def test_a_known_action_is_a_member_and_equals_its_word(action: Action) -> None:
    """Programs compare with members or with text, and JSON has the text."""
    resource = ResourceChange(address="a.b", action=action.value)
    output = OutputChange(name="a", action=action.value)

    assert resource.action is output.action is action
    assert resource.action == action.value
    assert json.loads(json.dumps([resource.action])) == [f"{action}"] == [action.value]
    assert pickle.loads(pickle.dumps(resource)) == resource


def test_an_action_of_a_later_terraform_stays_text() -> None:
    """A word that this version does not know is kept, and is not an error."""
    change = ResourceChange(address="a.b", action="create+archive")

    assert change.action == "create+archive"
    assert not isinstance(change.action, Action)
