"""The CLI configuration is found and merged as Terraform 1.x does it."""

import os
import threading
from pathlib import Path

import pytest

from remote_backend.config.cli_configuration import (
    CliConfiguration,
    CredentialsHelper,
    configuration_directory,
    read_cli_configuration,
    read_cli_document,
    write_cli_document,
)

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the default files are elsewhere")


def credentials(host: str, token: str) -> str:
    """Return a credentials block."""
    return f'credentials "{host}" {{\n  token = "{token}"\n}}\n'


def write(home: Path, **files: str) -> dict[str, str]:
    """Write files of the configuration directory, and `main`; return variables with HOME."""
    (home / ".terraform.d").mkdir(exist_ok=True)
    for name, text in files.items():
        path = (
            ".terraformrc" if name == "main" else f".terraform.d/{name.replace('__', '.')}"
        )
        (home / path).write_text(text, encoding="utf-8")
    return {"HOME": str(home)}


def of_text(directory: Path, text: str | bytes) -> CliConfiguration:
    """Read one file by an override variable."""
    path = directory / "cli.conf"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_cli_configuration({"TF_CLI_CONFIG_FILE": str(path)})


@pytest.mark.parametrize(
    "text",
    [
        'credentials "TFE.test:443" { token = "x" }',
        '# c\n// c\n/* c */\ncredentials "tfe.test" { token = "x" }',
        'credentials = { "tfe.test" = { token = "x" } }',
        '"credentials" "tfe.test" { token = "x" }',
        'credentials tfe.test { token = "\\u0078" }',
        'plugin_cache_dir = "/x"\ndisable_checkpoint = true\nflags = [true, false]\n'
        'provider_installation {\n  network_mirror {\n    url = "https://m.test/"\n'
        '    include = ["a.test/*/*"],\n  }\n}\ncredentials "tfe.test" { token = "x" }',
        '{"credentials": {"tfe.test": {"token": "x"}}}',
        '{"credentials": [{"tfe.test": [{"token": "x"}]}]}',
        '\ufeffcredentials "tfe.test" {\r\n  token = "x"\r\n}\r\n',
        '\ufeff{"credentials": {"tfe.test": {"token": "x"}}}',
        'credentials "tfe.test" {\n token = "y"\n}\ncredentials "tfe.test" {\n token = "x"\n}',
        'provider_installation {\n dev_overrides {\n "hashicorp/null" = "/x"\n }\n direct {}\n}\n'
        'credentials "tfe.test" { token = "x" }',
    ],
)
def test_credentials_are_read_in_all_spellings(tmp_path: Path, text: str) -> None:
    """Blocks, attributes and JSON say the same; of two entries the last one counts."""
    cli = of_text(tmp_path, text)

    assert cli.credentials == {"tfe.test": "x"}
    assert cli.warnings == ()


@pytest.mark.parametrize(
    "text", ['credentials "h" {}', 'credentials "h" { token = 12 }', '{"credentials": "h"}']
)
def test_an_entry_without_a_text_as_token_is_none(tmp_path: Path, text: str) -> None:
    """Only a text counts as a token."""
    assert of_text(tmp_path, text).credentials == {}


@pytest.mark.parametrize(
    "text", ["", " \n", "\ufeff", "# only a comment\n", "plugin_cache_dir = 1"]
)
def test_files_without_anything_of_interest_are_fine(tmp_path: Path, text: str) -> None:
    """Empty files and unknown keys give nothing and no warning."""
    assert of_text(tmp_path, text) == CliConfiguration()


def test_host_blocks_are_read(tmp_path: Path) -> None:
    """Services of a host are kept by its normalized name; only texts are addresses (P100)."""
    cli = of_text(
        tmp_path,
        'host "Bücher.test:8443" {\n services = {\n'
        '  "tfe.v2" = "http://127.0.0.1:1/api"\n  "x.v1" = 1\n }\n}\n',
    )

    assert cli.hosts == {"xn--bcher-kva.test:8443": {"tfe.v2": "http://127.0.0.1:1/api"}}


def test_a_credentials_helper_is_read(tmp_path: Path) -> None:
    """Name and arguments are kept, and arguments stay out of reprs."""
    cli = of_text(
        tmp_path, 'credentials_helper "vault" {\n args = ["--key", "sekret"]\n}\n'
    )

    assert cli.credentials_helper == CredentialsHelper("vault", ("--key", "sekret"))
    assert "sekret" not in repr(cli)


def test_a_second_credentials_helper_is_told(tmp_path: Path) -> None:
    """Only one can be asked, so the second one gives a warning."""
    cli = of_text(tmp_path, 'credentials_helper "a" {}\ncredentials_helper "b" {}\n')

    assert cli.credentials_helper == CredentialsHelper("a")
    assert "second credentials_helper" in cli.warnings[0]


def test_a_helper_with_wrong_arguments_is_left_out(tmp_path: Path) -> None:
    """Arguments must be a list of texts."""
    cli = of_text(tmp_path, 'credentials_helper "a" {\n args = "x"\n}\n')

    assert cli.credentials_helper is None
    assert "not a list of texts" in cli.warnings[0]


def test_later_files_replace_whole_entries(tmp_path: Path) -> None:
    """The directory beats the main file, and in it the last name wins (P99)."""
    environ = write(
        tmp_path,
        main=credentials("a.test", "main") + credentials("b.test", "main"),
        aa__tfrc=credentials("a.test", "aa") + credentials("c.test", "aa"),
        credentials__tfrc__json='{"credentials": {"a.test": {"token": "stored"}}}',
        zz__tfrc='credentials "c.test" {}\n',
        notes__txt=credentials("d.test", "no"),
    )

    cli = read_cli_configuration(environ)

    assert cli.credentials == {"a.test": "stored", "b.test": "main"}


@pytest.mark.parametrize("variable", ["TF_CLI_CONFIG_FILE", "TERRAFORM_CONFIG"])
def test_an_override_stands_alone(tmp_path: Path, variable: str) -> None:
    """With an override neither the main file nor the directory is read."""
    environ = write(
        tmp_path,
        main=credentials("a.test", "main"),
        credentials__tfrc__json='{"credentials": {"b.test": {"token": "stored"}}}',
    )
    (tmp_path / "own").write_text(credentials("c.test", "own"))

    cli = read_cli_configuration({**environ, variable: str(tmp_path / "own")})

    assert cli.credentials == {"c.test": "own"}


def test_the_newer_override_counts_and_empty_ones_do_not(tmp_path: Path) -> None:
    """TF_CLI_CONFIG_FILE beats TERRAFORM_CONFIG unless it is empty."""
    (tmp_path / "new").write_text(credentials("a.test", "new"))
    (tmp_path / "old").write_text(credentials("a.test", "old"))
    old = {"TERRAFORM_CONFIG": str(tmp_path / "old")}

    both = read_cli_configuration({**old, "TF_CLI_CONFIG_FILE": str(tmp_path / "new")})
    one = read_cli_configuration({**old, "TF_CLI_CONFIG_FILE": ""})

    assert both.credentials == {"a.test": "new"}
    assert one.credentials == {"a.test": "old"}


def test_a_missing_override_is_a_warning(tmp_path: Path) -> None:
    """It hides the other files all the same."""
    environ = write(tmp_path, main=credentials("a.test", "main"))

    cli = read_cli_configuration({**environ, "TF_CLI_CONFIG_FILE": str(tmp_path / "no")})

    assert cli.credentials == {}
    assert cli.warnings == (
        f"{tmp_path}/no, which TF_CLI_CONFIG_FILE names, does not exist",
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('credentials "h" {\n  token = "sekret" ]\n}\n', ":2"),
        ('{\n"credentials": {"h": {"token": "sekret" x}}}', ":2"),
        ('credentials "h" {\n  token = "sekret\n}\n', ":"),
        ('credentials "h" { token = "sekret"', ""),
        ('@ "sekret"', ":1"),
        ('["sekret"]', ""),
        (b'credentials "h" { token = "sekret\xff" }', ""),
    ],
)
def test_a_file_that_cannot_be_parsed_is_told_without_its_text(
    tmp_path: Path, text: str | bytes, line: str
) -> None:
    """The warning has file and line; a token beside the fault is never in it."""
    cli = of_text(tmp_path, text)

    assert cli.credentials == {}
    assert len(cli.warnings) == 1
    assert cli.warnings[0].startswith(f"{tmp_path}/cli.conf{line}")
    assert "sekret" not in cli.warnings[0]


@pytest.mark.parametrize(
    ("data", "warning"),
    [
        (
            credentials("a.test", "sekret").encode("utf-16"),
            "cli.conf is UTF-16, as PowerShell's > writes it, and not UTF-8",
        ),
        (
            credentials("a.test", "sekret").encode("utf-16-le"),
            "cli.conf:1 is not UTF-8 text (byte 0x00)",
        ),
        (
            b"# Gr\xc3\xb6\xc3\x9fe\n# Gr\xf6\xdfe\n",
            "cli.conf:2 is not UTF-8 text (byte 0xf6)",
        ),
    ],
)
def test_other_encodings_are_named(tmp_path: Path, data: bytes, warning: str) -> None:
    """The warning says what was found, and where (N11, N18)."""
    cli = of_text(tmp_path, data)

    assert cli.credentials == {}
    assert warning in cli.warnings[0]
    assert "sekret" not in cli.warnings[0]


def test_a_pipe_is_read_like_a_file(tmp_path: Path) -> None:
    """Vaults give files as TF_CLI_CONFIG_FILE=<(...), or as a pipe at the usual place (N13)."""
    environ = write(tmp_path)
    reading, writing = os.pipe()
    os.write(writing, credentials("a.test", "x").encode())
    os.close(writing)
    override = {"TF_CLI_CONFIG_FILE": f"/dev/fd/{reading}"}
    assert read_cli_configuration(override).credentials == {"a.test": "x"}
    os.close(reading)

    os.mkfifo(tmp_path / ".terraformrc")
    writer = threading.Thread(
        target=(tmp_path / ".terraformrc").write_text, args=(credentials("b.test", "y"),)
    )
    writer.start()
    assert read_cli_configuration(environ).credentials == {"b.test": "y"}
    writer.join()


def test_one_bad_file_does_not_hide_the_others(tmp_path: Path) -> None:
    """What can be read is read."""
    environ = write(tmp_path, main=credentials("a.test", "main"), x__tfrc="{")

    cli = read_cli_configuration(environ)

    assert cli.credentials == {"a.test": "main"}
    assert len(cli.warnings) == 1


def test_a_wrong_host_is_a_warning(tmp_path: Path) -> None:
    """The block is left out, the others count."""
    cli = of_text(tmp_path, credentials("https://x", "y") + credentials("a.test", "z"))

    assert cli.credentials == {"a.test": "z"}
    assert "'https://x' is not a host name" in cli.warnings[0]


def test_nothing_is_read_without_a_home() -> None:
    """Variables without HOME lead to no file, and not to an error."""
    assert read_cli_configuration({}) == CliConfiguration()
    assert configuration_directory({}) is None


def test_a_home_without_files_is_fine(tmp_path: Path) -> None:
    """Neither the main file nor the directory has to exist."""
    assert read_cli_configuration({"HOME": str(tmp_path)}) == CliConfiguration()


def test_tokens_stay_out_of_reprs(tmp_path: Path) -> None:
    """The configuration can be logged."""
    assert "sekret" not in repr(of_text(tmp_path, credentials("a.test", "sekret")))


def test_blocks_are_merged_into_one_file_that_reads_the_same(tmp_path: Path) -> None:
    """A program that reads one file only finds the hosts and helpers of all."""
    environ = write(
        tmp_path,
        main=credentials("a.test", "old")
        + 'host "a.test" {\n  services = {\n    "tfe.v2" = "https://a.test/api/"\n  }\n}\n'
        + 'credentials_helper "vault" {\n  args = ["--x", "quote\\"d"]\n}\n'
        + "disable_checkpoint = true\n",
        more__tfrc=credentials("a.test", "new") + credentials("b.test", "other"),
    )
    document = read_cli_document(environ)

    merged = of_text(tmp_path, write_cli_document(document.content))

    separate = read_cli_configuration(environ)
    assert merged.credentials == separate.credentials
    assert merged.hosts == separate.hosts
    assert merged.credentials_helper == separate.credentials_helper
    assert "disable_checkpoint = true\n" in write_cli_document(document.content)
    assert "new" not in repr(document)


def test_a_file_that_cannot_be_read_is_a_warning(tmp_path: Path) -> None:
    """Nothing of it gets into the merged file."""
    document = read_cli_document(write(tmp_path, main='credentials "a.test" {'))

    assert document.content == {}
    assert len(document.warnings) == 1
