"""The token of a host is found where Terraform 1.x finds it, and never shown."""

import os
import stat
import sys
from pathlib import Path

import pytest

from remote_backend.config import credentials_helper
from remote_backend.config.cli_configuration import CliConfiguration, CredentialsHelper
from remote_backend.config.credentials import FoundToken, find_token, missing_token
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
    return searched(environ, *args, host=host).value


def searched(environ: dict[str, str], *args: str, host: str = HOST) -> FoundToken:
    """Look for a token with a helper alone, and return all that was found out."""
    cli = CliConfiguration(credentials_helper=CredentialsHelper("test", args))
    return find_token(host, None, cli, environ)


def token_of(
    host: str, block: str | None, cli: CliConfiguration, environ: dict[str, str]
) -> str | None:
    """Look for a token and return it alone."""
    return find_token(host, block, cli, environ).value


def test_sources_count_in_order() -> None:
    """The block beats the variable, which beats the files (P107)."""
    environ = {"TF_TOKEN_tfe_test": "from-variable"}

    assert token_of(HOST, "from-block", FILES, environ) == "from-block"
    assert token_of(HOST, None, FILES, environ) == "from-variable"
    assert token_of(HOST, "", FILES, {}) == "from-file"
    assert token_of(HOST, None, NOTHING, {}) is None


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
    assert token_of(host, None, NOTHING, {variable: "x"}) == "x"


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
    assert token_of(host, None, NOTHING, {variable: "x"}) is None


def test_an_empty_variable_counts_as_unset() -> None:
    """Whoever clears a variable means that it is not there (P98)."""
    assert token_of(HOST, None, FILES, {"TF_TOKEN_tfe_test": ""}) == "from-file"


@pytest.mark.parametrize("token", ["tok\n", "tok\r\n", " tok", "\ufefftok", "\ttok "])
def test_white_space_around_a_token_is_dropped(token: str) -> None:
    """Files and secret stores add line ends and marks (P97)."""
    assert token_of(HOST, None, NOTHING, {"TF_TOKEN_tfe_test": token}) == "tok"


def test_two_variables_with_different_tokens_are_an_error() -> None:
    """Nothing says which one is meant; two equal ones do no harm."""
    environ = {"TF_TOKEN_tfe_test": "sekret-1", "TF_TOKEN_TFE_TEST": "sekret-2"}

    with pytest.raises(
        CredentialsError, match="TF_TOKEN_TFE_TEST and TF_TOKEN_tfe_te"
    ) as caught:
        token_of(HOST, None, NOTHING, environ)

    assert "sekret" not in str(caught.value)
    assert token_of(HOST, None, NOTHING, dict.fromkeys(environ, "x")) == "x"


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
        token_of(HOST, token if source == "block" else None, cli, environ)

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

    assert token_of("a.test", None, cli, environ) == "a"
    assert token_of("b.test", None, cli, environ) == "from-helper"
    assert token_of(HOST, None, cli, environ) is None


@posix
@pytest.mark.parametrize(
    ("body", "warning"),
    [
        ("sys.exit('sekret')", "failed with exit code 1"),
        ("print('{}')", "has no token for tfe.test"),
        ("print('sekret')", "did not answer with a JSON object"),
        ("print('[]')", "did not answer with a JSON object"),
        ("print('{\"token\": 1}')", "has no token for tfe.test"),
        ('print(\'{"token": "sekret"}\'); sys.exit(3)', "failed with exit code 3"),
        ('print(\'{"token": ""}\')', "the credentials helper test is empty"),
    ],
)
def test_a_helper_that_fails_has_no_token(tmp_path: Path, body: str, warning: str) -> None:
    """The reason is a warning, which never holds what the helper wrote (N12, P99)."""
    found = searched(helper(tmp_path, body))

    assert found.value is None
    assert warning in found.warnings[0]
    assert "sekret" not in repr(found)


@posix
def test_a_helper_that_hangs_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has a limit of time, after which there is a warning (P99)."""
    monkeypatch.setattr(credentials_helper, "_HELPER_SECONDS", 0.1)

    found = searched(helper(tmp_path, "import signal; signal.pause()"))

    assert found.value is None
    assert "did not answer within 0.1 s" in found.warnings[0]


@posix
def test_a_helper_that_cannot_be_started_has_no_token(tmp_path: Path) -> None:
    """It may be missing, or no program, and the warning names the place."""
    assert f"was not found in {tmp_path}" in searched({"HOME": str(tmp_path)}).warnings[0]
    assert "no home directory" in searched({}).warnings[0]
    environ = helper(tmp_path, "")
    (tmp_path / ".terraform.d/plugins/terraform-credentials-test").chmod(0o600)
    assert "cannot be started: Permission denied" in searched(environ).warnings[0]


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
    text = str(missing_token("xn--bcher-kva.my-host.test", {}))

    assert "the variable TF_TOKEN_xn____bcher__kva_my__host_test" in text
    assert 'credentials "bücher.my-host.test" block' in text
    assert "`terraform login bücher.my-host.test`" in text
    assert "other tools" not in text


def test_tokens_of_other_tools_are_not_read_and_not_kept_quiet() -> None:
    """The error says that they are set and have no effect, and shows none of them (P96)."""
    environ = {"TFE_TOKEN": "sekret", "ATLAS_TOKEN": "sekret", "TF_API_TOKEN": ""}

    text = str(missing_token(HOST, environ))

    assert "TFE_TOKEN and ATLAS_TOKEN are set, but other tools read that" in text
    assert "sekret" not in text and "TF_API_TOKEN" not in text
    assert find_token(HOST, None, NOTHING, environ) == FoundToken()


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        ("AbC123.atlasv1.sekret", "an API token of a user, a team or an organization"),
        ("eyJhbGciOi.eyJzdWIi.sekret", "a JSON web token"),
        ("ghp_sekret", "a token of GitHub"),
        ('"sekret"', "it stands in quotes, which no token has"),
        ("${TOKEN}", "the name of a token that was not replaced by it"),
        ("sekret", "its form is not known here"),
    ],
)
def test_a_token_is_described_without_being_shown(token: str, kind: str) -> None:
    """Source and kind can be told to a person (P101)."""
    found = find_token(HOST, None, NOTHING, {"TF_TOKEN_tfe_test": token})

    assert (found.source, found.kind) == ("the variable TF_TOKEN_tfe_test", kind)
    assert "sekret" not in repr(found)


def test_no_variable_is_offered_for_a_port() -> None:
    """Shells cannot set a variable with a colon in its name."""
    assert "TF_TOKEN" not in str(missing_token("tfe.test:8443", {}))
