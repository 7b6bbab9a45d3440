"""The container image: read line by line everywhere, its commands run, built where Docker works."""

import fnmatch
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from tests.support.paths import REPOSITORY

TEXT = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")


def instructions(text: str) -> list[tuple[str, str]]:
    """Return the instructions of a Dockerfile with their arguments, in order."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [
        (name.upper(), arguments.strip())
        for name, _, arguments in (line.partition(" ") for line in joined.splitlines())
        if name
    ]


def last(name: str, text: str = TEXT) -> str:
    """Return the arguments of the last instruction of a name."""
    return next((given for key, given in reversed(instructions(text)) if key == name), "")


def exec_form(arguments: str) -> list[str] | None:
    """Return the program and arguments of a command, or None where a shell would read it."""
    try:
        words = json.loads(arguments[arguments.index("[") :])
    except ValueError:
        return None
    return words if all(isinstance(word, str) for word in words) else None


def problems(text: str) -> list[str]:
    """Return what a reviewer would not let pass."""
    wrong = []
    for name, arguments in instructions(text):
        if name == "FROM" and not re.match(
            r"[\w./-]+:\d+\.\d+\.\d+[\w.-]*( AS \w+)?$", arguments
        ):
            wrong.append(f"the base {arguments} has no exact version")
        if name in ("ENV", "ARG", "LABEL") and re.search(
            r"token|secret|passw|credential|api_?key", arguments, re.IGNORECASE
        ):
            wrong.append(f"{name} {arguments} may be a secret")
        if name == "COPY" and arguments.split()[0] in (".", "./"):
            wrong.append("all of the folder is copied")
        if name in ("CMD", "ENTRYPOINT", "HEALTHCHECK") and exec_form(arguments) is None:
            wrong.append(f"{name} is read by a shell, which does not pass signals on")
    if last("USER", text).partition(":")[0] in ("", "0", "root"):
        wrong.append("the image runs as root")
    return wrong + [
        f"no {name}" for name in ("HEALTHCHECK", "ENTRYPOINT") if not last(name, text)
    ]


def test_the_image_is_made_as_reviewers_want_it() -> None:
    """Exact bases, no root, a health check, commands without a shell, no secrets."""
    assert problems(TEXT) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (":3.13.9-slim-bookworm\nCOPY", ":latest\nCOPY"),
        ("USER 10001", "USER root"),
        ("USER 10001\n", ""),
        ('ENTRYPOINT ["remote-backend"]', "ENTRYPOINT remote-backend"),
        ('CMD ["serve"', 'CMD serve ["'),
        ("ARG EXTRAS=local", "ARG TF_TOKEN_app_terraform_io"),
        ("COPY remote_backend remote_backend", "COPY . ."),
        ("HEALTHCHECK", "#"),
    ],
)
def test_a_worse_image_is_seen(old: str, new: str) -> None:
    """The test above would fail for each of these."""
    assert old in TEXT
    assert problems(TEXT.replace(old, new, 1)) != []


def test_the_context_holds_what_is_copied_and_nothing_else() -> None:
    """Every source of COPY exists and is let through by .dockerignore, which begins with `*`."""
    ignored, *kept = [
        line
        for line in (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    let_through = {line[1:] for line in kept if line.startswith("!")}
    copied = {
        source
        for name, arguments in instructions(TEXT)
        if name == "COPY" and "--from" not in arguments
        for source in arguments.split()[:-1]
    }
    assert ignored == "*"
    assert copied == let_through
    assert all((REPOSITORY / source).exists() for source in copied)
    assert any(fnmatch.fnmatch("remote_backend/cli/x.tfstate", line) for line in kept)


async def test_the_command_of_the_image_serves_and_its_health_check_sees_it(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    """Entry point and default arguments run as they stand, on another port and folder."""

    def words(name: str) -> list[str]:
        moved = (
            last(name)
            .replace("8080", str(unused_tcp_port))
            .replace("/data", str(tmp_path / "data"))
        )
        return exec_form(moved) or []

    assert words("ENTRYPOINT") == ["remote-backend"]
    serve = [sys.executable, "-m", "remote_backend", *words("CMD"), "-engine=simulated"]
    assert words("HEALTHCHECK")[0] == "python"
    check = [sys.executable, *words("HEALTHCHECK")[1:]]
    environ = {"HOME": str(tmp_path), "PATH": "", "PYTHONPATH": str(REPOSITORY)}
    async with await anyio.open_process(serve, cwd=tmp_path, env=environ) as server:
        assert server.stdout is not None
        assert b"Serving organization" in await server.stdout.receive()
        assert (await anyio.run_process(check, check=False)).returncode == 0
        server.terminate()
        assert await server.wait() in (0, 143)
    assert (await anyio.run_process(check, check=False)).returncode != 0


def docker_problem() -> str | None:
    """Return why Docker cannot build here, or None if it can."""
    if shutil.which("docker") is None:
        return "docker is not installed"
    done = subprocess.run(["docker", "info"], capture_output=True, check=False)
    return None if done.returncode == 0 else "the Docker daemon does not run"


def test_the_image_is_built_and_runs() -> None:
    """Where Docker works, the image prints its version as somebody who is not root."""
    if reason := docker_problem():
        pytest.skip(f"the image is only read, not built: {reason}")
    tag = "remote-backend:test"
    subprocess.run(
        ["docker", "build", "--build-arg", "EXTRAS=", "--tag", tag, str(REPOSITORY)],
        check=True,
    )
    run = ("docker", "run", "--rm")
    version = subprocess.run([*run, tag, "--version"], check=True, capture_output=True)
    user = subprocess.run(
        [*run, "--entrypoint", "id", tag, "-u"], check=True, capture_output=True
    )
    assert b"remote-backend" in version.stdout
    assert user.stdout.strip() == b"10001"
