"""Packing beside the plain ways of Python and Go, and beside what Terraform packs with.

python -m benchmarks.bench_slug
"""

import os
import random
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import anyio
from anyio import to_thread

from benchmarks.measure import ended, median, publish
from remote_backend.slug.archive import pack

REPETITIONS = 5
ALONE = [sys.executable, "-m", "benchmarks.bench_slug"]
SIZES = ((100, 2_000), (5_000, 40_000), (21_000, 9_500), (50_000, 4_000))

# The archive and the compression of Go's library, at the fastest level.
PLAIN = """package main

import (
	"archive/tar"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
)

func main() {
	out, _ := os.Create(os.Args[2])
	packed, _ := gzip.NewWriterLevel(out, gzip.BestSpeed)
	archive := tar.NewWriter(packed)
	filepath.Walk(os.Args[1], func(path string, info os.FileInfo, err error) error {
		header, _ := tar.FileInfoHeader(info, "")
		header.Name, _ = filepath.Rel(os.Args[1], path)
		archive.WriteHeader(header)
		if info.Mode().IsRegular() {
			file, _ := os.Open(path)
			io.Copy(archive, file)
			file.Close()
		}
		return nil
	})
	archive.Close()
	packed.Close()
	out.Close()
}
"""

# The library that Terraform 1.11 links, called as Terraform does.
REFERENCE_MODULE = "github.com/hashicorp/go-slug@v0.16.3"
REFERENCE = """package main

import (
	"os"

	slug "github.com/hashicorp/go-slug"
)

func main() {
	out, _ := os.Create(os.Args[2])
	packer, _ := slug.NewPacker(slug.DereferenceSymlinks(), slug.ApplyTerraformIgnore())
	if _, err := packer.Pack(os.Args[1], out); err != nil {
		panic(err)
	}
	out.Close()
}
"""


def main() -> None:
    """Trees of four sizes, packed in turns; or one tree in the way that the arguments name."""
    if len(sys.argv) > 1:
        way, tree, made = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
        # What anyio imports when it is first used is not packing either.
        anyio.run(to_thread.run_sync, int)
        began = time.perf_counter()
        {"ours": by_us, "tarfile": by_tarfile}[way](tree, made)
        print(time.perf_counter() - began)
        return
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        ways: dict[str, list[str]] = {
            "remote-backend": [*ALONE, "ours"],
            "tarfile, gzip 6": [*ALONE, "tarfile"],
        }
        for who, source, module in (
            ("Go, gzip 1", PLAIN, None),
            ("go-slug", REFERENCE, REFERENCE_MODULE),
        ):
            program = in_go(here / who.split(",")[0], source, module)
            if program is not None:
                ways[who] = [str(program)]
        rows = [row for count, size in SIZES for row in rows_of(here, count, size, ways)]
    publish("slug", "Packing", rows, bar="MB per second", label="who")


def rows_of(
    here: Path, count: int, size: int, ways: dict[str, list[str]]
) -> list[dict[str, float | str]]:
    """Pack one tree in all ways, in turns, since the machine is not the same for long."""
    tree, made = here / f"tree-{count}", here / "made.tar.gz"
    make_tree(tree, count, size)
    times: dict[str, list[float]] = {who: [] for who in ways}
    packed, peaks = dict.fromkeys(ways, 0), dict.fromkeys(ways, 0)
    for _ in range(REPETITIONS):
        for who, command in ways.items():
            began = time.perf_counter()
            with subprocess.Popen(
                [*command, tree, made], stdout=subprocess.PIPE, text=True
            ) as process:
                used = ended(process)
                took = time.perf_counter() - began
                told = process.communicate()[0]
            assert process.returncode == 0, f"{who} failed"
            # What Python takes to start is not packing.
            times[who].append(float(told) if told else took)
            packed[who] = made.stat().st_size
            peaks[who] = max(peaks[who], used.ru_maxrss >> 10)
    shutil.rmtree(tree)
    megabytes = count * size / 1e6
    return [
        {
            "who": f"{who}, {count} files",
            "MB": round(megabytes, 1),
            "seconds": (seconds := median(times[who])),
            "MB per second": round(megabytes / seconds, 1),
            "files per second": round(count / seconds),
            "packed MB": round(packed[who] / 1e6, 1),
            "peak MiB": peaks[who],
        }
        for who in ways
    ]


def by_us(tree: Path, made: Path) -> None:
    """Pack a tree with this package."""
    with tempfile.TemporaryDirectory(dir=made.parent) as into:
        slug = anyio.run(
            lambda: pack(tree, working_directory="", destroy=False, into=Path(into))
        )
        slug.path.replace(made)


def by_tarfile(tree: Path, made: Path) -> None:
    """Pack a tree in the plain way of Python."""
    with tarfile.open(made, "w:gz", compresslevel=6) as archive:
        archive.add(tree, ".")


def in_go(here: Path, source: str, module: str | None) -> Path | None:
    """Return a program that packs a tree, or None where Go or its module is not to be had."""
    go = shutil.which("go")
    if go is None:
        return None
    here.mkdir()
    (here / "pack.go").write_text(source)
    (here / "go.mod").write_text("module pack\n\ngo 1.22\n")
    environ = {**os.environ, "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"}
    for command in (
        [go, "get", module] if module else [],
        [go, "build", "-o", "pack", "."],
    ):
        if command and subprocess.run(command, cwd=here, env=environ).returncode:
            print(f"{here.name} cannot be built here and is left out")
            return None
    return here / "pack"


def make_tree(tree: Path, count: int, size: int) -> None:
    """Write files that look like configuration, and every fourth one that looks like none."""
    line = 'resource "aws_subnet" "number_%d" { cidr_block = "10.%d.%d.0/24" }\n'
    for number in range(count):
        folder = tree / f"m{number // 200}"
        folder.mkdir(parents=True, exist_ok=True)
        text = "".join(line % (n, n % 256, number % 256) for n in range(size // 60 + 1))
        if number % 4 == 3:
            (folder / f"f{number}.bin").write_bytes(random.Random(number).randbytes(size))
        else:
            (folder / f"f{number}.tf").write_text(text[:size])
    (tree / "main.tf").write_text("# the root\n")


if __name__ == "__main__":
    main()
