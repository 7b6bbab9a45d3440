"""The client needs nothing of the server, the engines or the examples."""

import os
import shutil
import sys
from pathlib import Path

import anyio

import remote_backend
from tests.support.otf_like_server import serve_otf_like

BLOCK = """
terraform {{
  backend "remote" {{
    hostname     = "{host}"
    organization = "acme"
    workspaces {{
      prefix = "networking-"
    }}
  }}
}}
"""


async def test_a_batch_is_planned_without_the_server(tmp_path: Path) -> None:
    """A copy of the package without `server`, `engine` and `examples` plans on a literal server."""
    package = tmp_path / "packages" / "remote_backend"
    shutil.copytree(
        Path(remote_backend.__file__).parent,
        package,
        ignore=shutil.ignore_patterns("server", "engine", "examples", "__pycache__"),
    )
    directory = tmp_path / "networking"
    directory.mkdir()
    async with serve_otf_like(
        tmp_path, workspaces=["networking-dev", "networking-prod"]
    ) as server:
        host = server.url.removeprefix("http://")
        (directory / "main.tf").write_text(BLOCK.format(host=host))
        done = await anyio.run_process(
            # The copy comes before the package that is installed for the tests.
            [sys.executable, "-m", "remote_backend", "plan", "-all", "-quiet"],
            cwd=directory,
            env={
                **{key: os.environ[key] for key in ("SYSTEMROOT",) if key in os.environ},
                "HOME": str(tmp_path),
                "PATH": "",
                "PYTHONPATH": str(package.parent),
                "TF_CLI_CONFIG_FILE": str(tmp_path / "terraform.rc"),
            },
            check=False,
        )

    assert done.returncode == 0, done.stderr.decode()
    assert b"2 workspaces in " in done.stdout
    assert len(server.runs) == 2
    # Only a package that was imported has compiled modules.
    assert (package / "__pycache__").is_dir()
