"""Unpacking what strangers packed."""

import gzip
import io
import os
import stat
import sys
import tarfile
from pathlib import Path

import pytest

from remote_backend.errors import SlugError
from remote_backend.slug.unpack import UnpackLimits, unpack
from tests.support.trees import make_tree, packed


def member(name: str, data: bytes = b"", **more: object) -> tuple[tarfile.TarInfo, bytes]:
    """Return a member; more sets fields of its header."""
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in more.items():
        setattr(info, key, value)
    return info, data


def link(name: str, target: str) -> tuple[tarfile.TarInfo, bytes]:
    """Return a symbolic link."""
    return member(name, type=tarfile.SYMTYPE, linkname=target)


def archive_of(folder: Path, *given: tuple[tarfile.TarInfo, bytes]) -> Path:
    """Write an archive of members as they are."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for info, data in given:
            tar.addfile(info, io.BytesIO(data))
    path = folder / "archive.tar.gz"
    path.write_bytes(gzip.compress(buffer.getvalue()))
    return path


@pytest.fixture
def into(tmp_path: Path) -> Path:
    """Return an empty folder to unpack into."""
    folder = tmp_path / "into"
    folder.mkdir()
    return folder


@pytest.mark.parametrize(
    "bad",
    [
        member("../out", b"x"),
        member("/abs", b"x"),
        member("a/../b", b"x"),
        member("..", type=tarfile.DIRTYPE),
        link("l", "../out"),
        link("l", "/etc"),
        link("d/l", "../../out"),
        link("l", ".."),
        member("hard", type=tarfile.LNKTYPE, linkname="main.tf"),
        member("pipe", type=tarfile.FIFOTYPE),
        member("device", type=tarfile.CHRTYPE),
    ],
    ids=lambda item: f"{item[0].name} {item[0].linkname}".strip(),
)
def test_what_could_reach_outside_is_refused(
    bad: tuple[tarfile.TarInfo, bytes], tmp_path: Path, into: Path
) -> None:
    """No member, link or special file leaves the folder."""
    path = archive_of(tmp_path, member("main.tf", b"x"), bad)

    with pytest.raises(SlugError, match="the archive has a"):
        unpack(path, into)

    assert sorted(one.name for one in tmp_path.iterdir()) == ["archive.tar.gz", "into"]


@pytest.mark.parametrize("below", ["l/x", "l/deep/x"])
def test_nothing_is_written_through_a_link(below: str, tmp_path: Path, into: Path) -> None:
    """A member below a link member is refused, wherever the link leads."""
    given = member("d/y", b"y"), link("l", "d"), member(below, b"x")

    with pytest.raises(SlugError, match="both 'l' and something below it"):
        unpack(archive_of(tmp_path, *given), into)

    assert sorted(path.name for path in (into / "d").iterdir()) == ["y"]


def test_links_cannot_lead_out_through_each_other(tmp_path: Path, into: Path) -> None:
    """A target is cleaned, so that `..` never follows a link."""
    given = link("a/b/up", "../.."), link("a/b/l", "up/../x")

    unpack(archive_of(tmp_path, *given), into)

    assert os.readlink(into / "a" / "b" / "l") == "x"


def test_harmless_oddities_are_accepted(tmp_path: Path, into: Path) -> None:
    """`./` before names, repeated names (the last wins), and Finder's files (left out)."""
    given = (
        member("./", type=tarfile.DIRTYPE),
        member("./a.tf", b"old"),
        member("a.tf", b"new"),
        member("._a.tf", b"meta"),
        link("l", "a.tf"),
        member("l", b"file"),
    )

    unpack(archive_of(tmp_path, *given), into)

    assert (into / "a.tf").read_bytes() == b"new"
    assert (into / "l").read_bytes() == b"file"
    assert sorted(path.name for path in into.iterdir()) == ["a.tf", "l"]


@pytest.mark.skipif(sys.platform == "win32", reason="a matter of POSIX modes")
def test_modes_and_times_are_set_last(tmp_path: Path, into: Path) -> None:
    """A folder that may not be written to still gets its content, then its mode."""
    given = (
        member("d", type=tarfile.DIRTYPE, mode=0o555, mtime=86400),
        member("d/x", b"x", mode=0o4755, mtime=172800),
    )

    unpack(archive_of(tmp_path, *given), into)

    assert stat.S_IMODE((into / "d").stat().st_mode) == 0o555
    assert (into / "d").stat().st_mtime == 86400
    assert stat.S_IMODE((into / "d" / "x").stat().st_mode) == 0o755
    assert (into / "d" / "x").stat().st_mtime == 172800


@pytest.mark.parametrize(
    ("limits", "problem"),
    [
        (UnpackLimits(members=1), "more than 1 members"),
        (UnpackLimits(name_bytes=3), "longer than 3 bytes"),
        (UnpackLimits(file_bytes=3), "larger than 3 bytes"),
        (UnpackLimits(total_bytes=600), "more than 600 bytes"),
    ],
)
def test_limits_are_kept(
    limits: UnpackLimits, problem: str, tmp_path: Path, into: Path
) -> None:
    """Each limit is told by name."""
    path = archive_of(tmp_path, member("aa.tf", b"12345"), member("bb.tf", b"12345"))

    with pytest.raises(SlugError, match=problem):
        unpack(path, into, limits)


def test_a_bomb_is_stopped(tmp_path: Path, into: Path) -> None:
    """Zeros without end are refused by how much larger they are than the archive."""
    path = archive_of(tmp_path, member("zeros", bytes(40 << 20)))

    with pytest.raises(SlugError, match="unpacks to more than"):
        unpack(path, into, UnpackLimits(ratio=10))


@pytest.mark.parametrize(
    "data", [b"", b"no gzip at all", gzip.compress(b"no tar at all" * 99, mtime=0)]
)
def test_what_is_no_archive_is_refused(data: bytes, tmp_path: Path, into: Path) -> None:
    """An empty body, plain text, and compressed text are told apart from an archive."""
    path = tmp_path / "archive.tar.gz"
    path.write_bytes(data)

    with pytest.raises(SlugError, match="the archive is"):
        unpack(path, into)


def test_an_archive_without_members_is_refused(tmp_path: Path, into: Path) -> None:
    """There is nothing to plan in it."""
    with pytest.raises(SlugError, match="the archive is empty"):
        unpack(archive_of(tmp_path), into)


async def test_an_archive_cut_short_anywhere_is_refused(tmp_path: Path) -> None:
    """A lost end is seen wherever it begins, even within the last bytes."""
    root = make_tree(tmp_path / "root", {"main.tf": "# x\n" * 200, "b.tf": "y" * 3000})
    whole = (await packed(root, tmp_path / "packed")).path.read_bytes()
    path = tmp_path / "cut.tar.gz"

    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        folder = tmp_path / f"into{length}"
        folder.mkdir()
        with pytest.raises(SlugError):
            unpack(path, folder)


async def test_what_we_pack_comes_out_the_same(tmp_path: Path, into: Path) -> None:
    """Files, directories and links make the round trip."""
    root = make_tree(tmp_path / "root", {"main.tf": "m", "d/é.txt": "e", "d/e/f": "f"})
    (root / "empty").mkdir()
    if sys.platform != "win32":
        (root / "l").symlink_to("d/e/f")

    unpack((await packed(root, tmp_path / "packed")).path, into)

    def tree(folder: Path) -> dict[str, str]:
        return {
            path.relative_to(folder).as_posix(): path.read_text() if path.is_file() else ""
            for path in folder.rglob("*")
        }

    assert tree(into) == tree(root)


@pytest.mark.parametrize(
    "odd",
    [
        member("nan", pax_headers={"mtime": "nan"}),
        member("late", pax_headers={"mtime": "1e400"}),
        member("later", pax_headers={"mtime": "1e30"}),
        member("negative", pax_headers={"size": "-5"}),
        member("/".join("d" * 1500) + "/file"),
    ],
    ids=["no number", "infinite", "too late", "negative size", "deep"],
)
def test_impossible_numbers_and_depths_are_refused(
    odd: tuple[tarfile.TarInfo, bytes], tmp_path: Path, into: Path
) -> None:
    """An odd header is a `SlugError` like any other, never another exception (L13)."""
    path = archive_of(tmp_path, member("main.tf", b"x"), odd)

    with pytest.raises(SlugError, match="the archive"):
        unpack(path, into)
