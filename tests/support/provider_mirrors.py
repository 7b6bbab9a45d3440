"""Mirrors with a tiny provider, which Terraform installs and no plan here starts."""

import asyncio
import hashlib
import io
import json
import platform
import ssl
import sys
import zipfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from attrs import define, field

from remote_backend.engine.lock_file import package_hash
from remote_backend.server.certificate import make_certificate
from tests.support.servers import listening

__all__ = (
    "ADDRESS",
    "CONFIGURATION",
    "NetworkMirror",
    "SYSTEM_NAME",
    "network_mirror",
    "provider_archive",
    "write_package",
    "lock_text",
)

ADDRESS = "example.test/acme/fake"
CONFIGURATION = f"""
terraform {{
  required_providers {{
    fake = {{
      source  = "{ADDRESS}"
      version = "~> 1.2"
    }}
  }}
}}
output "x" {{
  value = 1
}}
"""
_MACHINES = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64"}
SYSTEM_NAME = f"{sys.platform}_{_MACHINES.get(platform.machine(), platform.machine())}"
_PROGRAM = b"#!/bin/sh\nexit 1\n"


def _program_name(version: str) -> str:
    return f"terraform-provider-fake_v{version}"


def write_package(mirror: Path, version: str = "1.2.3") -> Path:
    """Write the provider into a filesystem mirror, unpacked; return its folder."""
    folder = mirror / ADDRESS / version / SYSTEM_NAME
    folder.mkdir(parents=True)
    program = folder / _program_name(version)
    program.write_bytes(_PROGRAM + version.encode())
    program.chmod(0o755)
    return folder


def provider_archive(version: str = "1.2.3") -> bytes:
    """Return the provider as it is published."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        member = zipfile.ZipInfo(_program_name(version))
        member.external_attr = 0o755 << 16
        archive.writestr(member, _PROGRAM + version.encode())
    return buffer.getvalue()


def lock_text(*hashes: str, version: str = "1.2.3") -> str:
    """Return a lock file with some hashes of the provider."""
    lines = "".join(f'    "{text}",\n' for text in hashes)
    return (
        "# This file is maintained automatically\n\n"
        f'provider "{ADDRESS}" {{\n  version     = "{version}"\n'
        f'  constraints = "~> 1.2"\n  hashes = [\n{lines}  ]\n}}\n'
    )


@define
class NetworkMirror:
    """A mirror that counts its requests."""

    url: str
    ca_file: Path
    archive: bytes = field(factory=provider_archive, repr=False)
    requests: Counter[str] = field(factory=Counter)

    @property
    def downloads(self) -> int:
        """How often the package was downloaded; Terraform 1.11 requests its head before."""
        return self.requests[f"GET /{ADDRESS}/fake.zip"]

    @property
    def archive_hash(self) -> str:
        """The hash of the package as it is published."""
        return f"zh:{hashlib.sha256(self.archive).hexdigest()}"

    def package_hash(self, folder: Path) -> str:
        """Return the hash of the unpacked package, which is unpacked into a folder for it."""
        zipfile.ZipFile(io.BytesIO(self.archive)).extractall(folder)
        return package_hash(folder)

    def environ(self, folder: Path) -> dict[str, str]:
        """Return variables that lead Terraform to the mirror."""
        path = folder / "mirror.rc"
        path.write_text(
            f'provider_installation {{\n  network_mirror {{\n    url = "{self.url}"\n  }}\n}}\n'
        )
        return {"TF_CLI_CONFIG_FILE": str(path), "SSL_CERT_FILE": str(self.ca_file)}

    def reply_to(self, method: str, path: str) -> bytes | None:
        """Return the body for a request: https://developer.hashicorp.com/terraform/internals/provider-network-mirror-protocol"""
        self.requests[f"{method} {path}"] += 1
        if path == f"/{ADDRESS}/index.json":
            return json.dumps({"versions": {"1.2.3": {}}}).encode()
        if path == f"/{ADDRESS}/1.2.3.json":
            package = {"url": "fake.zip", "hashes": [self.archive_hash]}
            return json.dumps({"archives": {SYSTEM_NAME: package}}).encode()
        return self.archive if path.endswith(".zip") else None


@asynccontextmanager
async def network_mirror(folder: Path) -> AsyncIterator[NetworkMirror]:
    """Serve the provider over HTTPS with an authority of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    made = make_certificate(folder, ["localhost"])
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(made.file, made.key_file)
    mirror = NetworkMirror("", made.authority_file)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        body = mirror.reply_to(*head.decode().split()[:2])
        status = "404 Not Found" if body is None else "200 OK"
        kind = "application/json" if (body or b"{").startswith(b"{") else "application/zip"
        writer.write(
            f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nConnection: close\r\n"
            f"Content-Length: {len(body or b'')}\r\n\r\n".encode()
            + (body or b"")
        )
        await writer.drain()

    async with listening(handle, tls) as port:
        mirror.url = f"https://localhost:{port}/"
        yield mirror
