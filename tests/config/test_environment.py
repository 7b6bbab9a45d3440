"""The variables of the process are read in one place."""

import os

import pytest

from remote_backend.config.environment import process_environ


def test_the_process_is_read_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Later changes of the process do not change what was read."""
    monkeypatch.setenv("REMOTE_BACKEND_TEST", "1")
    environ = process_environ()
    monkeypatch.delenv("REMOTE_BACKEND_TEST")

    assert environ["REMOTE_BACKEND_TEST"] == "1"
    assert "REMOTE_BACKEND_TEST" not in process_environ()


@pytest.mark.skipif(os.name == "nt", reason="HOME means nothing there")
@pytest.mark.parametrize("home", [None, ""])
def test_a_process_without_a_home_has_that_of_its_account(
    monkeypatch: pytest.MonkeyPatch, home: str | None
) -> None:
    """Services are often started without HOME."""
    import pwd

    if home is None:
        monkeypatch.delenv("HOME", raising=False)
    else:
        monkeypatch.setenv("HOME", home)

    assert process_environ()["HOME"] == pwd.getpwuid(os.getuid()).pw_dir
