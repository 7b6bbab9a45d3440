"""The token of a host is found where Terraform 1.x finds it, and never shown."""

import os
import stat
import sys
from pathlib import Path

import pytest

from remote_backend.config.cliconfig import CliConfiguration, CredentialsHelper
from remote_backend.config.credentials import find_token, missing_token
from remote_backend.errors import CredentialsError

HOST = "tfe.test"
NOTHING = CliConfiguration()
FILES = CliConfiguration(credentials={HOST: "from-file"})
posix = pytest.mark.skipif(os.name == "nt", reason="scripts are no programs there")


def helper(
    home: Path, body: str, name: str = "terraform-credentials-test"
) -> dict[str, str]:
    """Write a helper program in Python; return variables with its home."""
    plugins = home / ".terraform.d" / "plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    program = plugins / name
    program.write_text(f"#!{sys.executable} -SEs\nimport os, sys\n{body}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return {"HOME": str(home)}


def ask(environ: dict[str, str], *args: str, host: str = HOST) -> str | None:
    """Look for a token with a helper alone."""
    cli = CliConfiguration(credentials_helper=CredentialsHelper("test", args))
    return find_token(host, None, cli, environ)


def test_sources_count_in_order() -> None:
    """The block beats the variable, which beats the files (P107)."""
    environ = {"TF_TOKEN_tfe_test": "from-variable"}

    assert find_token(HOST, "from-block", FILES, environ) == "from-block"
    assert find_token(HOST, None, FILES, environ) == "from-variable"
    assert find_token(HOST, "", FILES, {}) == "from-file"
    assert find_token(HOST, None, NOTHING, {}) is None


@pytest.mark.parametrize(
    ("host", "variable"),
    [
        ("my-host.test", "TF_TOKEN_my__host_test"),
        ("my-host.test", "TF_TOKEN_my-host.test"),
        ("tfe.test", "TF_TOKEN_TFE_TEST"),
        ("tfe.test:8443", "TF_TOKEN_tfe_test:8443"),
        ("tfe.test", "TF_TOKEN_tfe_test:443"),
        ("xn--bcher-kva.test", "TF_TOKEN_bücher_test"),
        ("xn--bcher-kva.test", "TF_TOKEN_xn--bcher-kva_test"),
        ("xn--bcher-kva.test", "TF_TOKEN_xn____bcher__kva_test"),
    ],
)
def test_a_variable_names_its_host(host: str, variable: str) -> None:
    """Two underscores are a hyphen, one is a dot, and case does not matter."""
    assert find_token(host, None, NOTHING, {variable: "x"}) == "x"


@pytest.mark.parametrize(
    ("host", "variable"),
    [
        ("tfe.test:8443", "TF_TOKEN_tfe_test"),
        ("tfe.test", "TF_TOKEN_"),
        ("tfe.test", "TF_TOKEN_a b"),
        ("tfe.test", "tf_token_tfe_test"),
        ("my-host.test", "TF_TOKEN_my_host_test"),
    ],
)
def test_variables_of_other_hosts_do_not_count(host: str, variable: str) -> None:
    """A port must match, and names that cannot be decoded are ignored."""
    assert find_token(host, None, NOTHING, {variable: "x"}) is None


def test_an_empty_variable_counts_as_unset() -> None:
    """Whoever clears a variable means that it is not there (P98)."""
    assert find_token(HOST, None, FILES, {"TF_TOKEN_tfe_test": ""}) == find_token(
        HOST, None, FILES, {}
    )


@pytest.mark.parametrize("token", ["tok\n", "tok\r\n", " tok", "\ufefftok", "\ttok "])
def test_white_space_around_a_token_is_dropped(token: str) -> None:
    """Files and secret stores add line ends and marks (P97)."""
    assert find_token(HOST, None, NOTHING, {"TF_TOKEN_tfe_test": token}) == "tok"


def test_two_variables_with_different_tokens_are_an_error() -> None:
    """Nothing says which one is meant; two equal ones do no harm."""
    environ = {"TF_TOKEN_tfe_test": "sekret-1", "TF_TOKEN_TFE_TEST": "sekret-2"}

    with pytest.raises(
        CredentialsError, match="TF_TOKEN_TFE_TEST and TF_TOKEN_tfe_te"
    ) as caught:
        find_token(HOST, None, NOTHING, environ)

    assert "sekret" not in str(caught.value)
    assert find_token(HOST, None, NOTHING, dict.fromkeys(environ, "x")) == "x"


@pytest.mark.parametrize(
    "token",
    [
        "sek ret",
        "sek\tret",
        "sek\x00ret",
        "sekrét",
        "sek\u200bret",
    ],
)
@pytest.mark.parametrize("source", ["block", "TF_TOKEN_tfe_test", "CLI configuration"])
def test_a_token_that_cannot_be_sent_is_told_by_its_source(token: str, source: str) -> None:
    """White space, control characters and other letters are refused and not shown."""
    cli = CliConfiguration(credentials={HOST: token} if source.startswith("CLI") else {})
    environ = {source: token} if source.startswith("TF") else {}

    with pytest.raises(CredentialsError, match=f"{source}.* position \\d") as caught:
        find_token(HOST, token if source == "block" else None, cli, environ)

    assert "sek" not in str(caught.value)
    assert "ret" not in str(caught.value)


@posix
def test_a_helper_is_asked_for_the_host(tmp_path: Path) -> None:
    """It gets its arguments, the verb and the host, and the variables."""
    environ = helper(
        tmp_path,
        'print(\'{"token": "%s"}\' % "|".join([*sys.argv[1:], os.environ["EXTRA"]]))',
    )

    token = ask({**environ, "EXTRA": "e"}, "--key", "k", host="xn--bcher-kva.test")

    assert token == "--key|k|get|xn--bcher-kva.test|e"


@posix
def test_files_are_asked_before_a_helper(tmp_path: Path) -> None:
    """An entry of the files, even an empty one, hides the helper."""
    environ = helper(tmp_path, 'print(\'{"token": "from-helper"}\')')
    tool = CredentialsHelper("test")
    cli = CliConfiguration(credentials={HOST: "", "a.test": "a"}, credentials_helper=tool)

    assert find_token("a.test", None, cli, environ) == "a"
    assert find_token("b.test", None, cli, environ) == "from-helper"
    assert find_token(HOST, None, cli, environ) is None


@posix
@pytest.mark.parametrize(
    "body",
    [
        "sys.exit('no')",
        "print('{}')",
        "print('no JSON')",
        "print('[]')",
        "print('{\"token\": 1}')",
        'print(\'{"token": "x"}\'); sys.exit(1)',
    ],
)
def test_a_helper_that_fails_has_no_token(tmp_path: Path, body: str) -> None:
    """Errors of a helper lead on to the error for a missing token."""
    assert ask(helper(tmp_path, body)) is None


@posix
def test_a_helper_that_cannot_be_started_has_no_token(tmp_path: Path) -> None:
    """It may be missing, or no program."""
    assert ask({"HOME": str(tmp_path)}) is None
    assert ask({}) is None
    environ = helper(tmp_path, "")
    (tmp_path / ".terraform.d/plugins/terraform-credentials-test").chmod(0o600)
    assert ask(environ) is None


@posix
def test_the_newest_helper_is_asked(tmp_path: Path) -> None:
    """Versions are compared as numbers; other helpers do not count."""
    for version in ("", "_v1.9.0", "_v1.10.0_x4", "_v1.2.0", "2_v9.0.0"):
        body = f'print(\'{{"token": "is{version}"}}\')'
        environ = helper(tmp_path, body, f"terraform-credentials-test{version}")

    assert ask(environ) == "is_v1.10.0_x4"


@posix
def test_a_token_of_a_helper_is_checked(tmp_path: Path) -> None:
    """The error names the helper."""
    with pytest.raises(CredentialsError, match="helper test"):
        ask(helper(tmp_path, 'print(\'{"token": "a b"}\')'))


def test_a_missing_token_is_told_with_all_places() -> None:
    """The variable is spelled out; the host is shown as people read it."""
    text = str(missing_token("xn--bcher-kva.my-host.test"))

    assert "the variable TF_TOKEN_xn____bcher__kva_my__host_test" in text
    assert 'credentials "bücher.my-host.test" block' in text
    assert "`terraform login bücher.my-host.test`" in text


def test_no_variable_is_offered_for_a_port() -> None:
    """Shells cannot set a variable with a colon in its name."""
    assert "TF_TOKEN" not in str(missing_token("tfe.test:8443"))
