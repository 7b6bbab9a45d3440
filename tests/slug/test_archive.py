"""Archives: what is in them, in which order, and with which bytes."""

import gzip
import io
import os
import socket
import sys
import tarfile
from pathlib import Path
from typing import Any

import anyio
import pytest

from remote_backend.errors import SlugError
from remote_backend.slug.archive import pack
from remote_backend.slug.listing import list_members
from tests.support.trees import contents, make_tree, members, names_in, packed

POSIX_ONLY = pytest.mark.skipif(sys.platform == "win32", reason="a matter of POSIX files")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a directory with one configuration file."""
    return make_tree(tmp_path / "root", {"main.tf": "# main\n"})


@pytest.fixture
def into(tmp_path: Path) -> Path:
    """Return where archives are written."""
    return tmp_path / "into"


async def test_members_come_depth_first_in_bytewise_order(root: Path, into: Path) -> None:
    """A directory is followed by its content, with slashes on every system (P78)."""
    make_tree(root, ["a!/z", "a-b", "a.d/x", "a"])
    (root / "empty").mkdir()

    names = names_in(await packed(root, into))

    assert names == ["a", "a!/", "a!/z", "a-b", "a.d/", "a.d/x", "empty/", "main.tf"]


async def test_the_same_tree_gives_the_same_bytes(root: Path, into: Path) -> None:
    """Two archives of one tree are equal, byte for byte, and hold no time of their own (P74)."""
    make_tree(root, {f"f{number}.txt": str(number) * number * 500 for number in range(60)})

    first, second = [(await packed(root, into)).path.read_bytes() for _ in range(2)]

    assert first == second
    assert first[:10] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"


@POSIX_ONLY
async def test_headers_hold_permissions_and_whole_seconds_and_no_owner(
    root: Path, into: Path
) -> None:
    """Special bits go, half seconds round up, owners are nobody (P74, P79)."""
    make_tree(root, ["suid", "quiet", "locked/x"])
    (root / "suid").chmod(0o4755)
    (root / "quiet").chmod(0o600)
    (root / "locked").chmod(0o555)
    os.utime(root / "suid", ns=(0, 1_500_000_000))
    os.utime(root / "quiet", ns=(0, -1_600_000_000))

    by_name = {info.name: info for info in members(await packed(root, into))}

    assert by_name["suid"].mode == 0o755
    assert by_name["suid"].mtime == 2
    assert by_name["quiet"].mode == 0o600
    assert by_name["locked"].mode == 0o555
    assert by_name["quiet"].mtime == -2
    assert {(i.uid, i.gid, i.uname, i.gname) for i in by_name.values()} == {(0, 0, "", "")}


async def test_long_and_foreign_names_come_back_unchanged(root: Path, into: Path) -> None:
    """Names that do not fit a header, or are no ASCII, are kept whole."""
    long = "/".join(["d" * 60] * 4) + "/" + "f" * 90
    wide = "x" * 120 + ".txt"
    odd = ["é.txt", "nl\nx"] if sys.platform != "win32" else ["é.txt"]
    make_tree(root, [long, wide, *odd])

    names = set(names_in(await packed(root, into)))

    assert {long, wide, *odd} <= names


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
async def test_names_that_are_no_text_keep_their_bytes(root: Path, into: Path) -> None:
    """A name with an odd byte is packed with that byte (field case P77)."""
    (Path(os.fsdecode(os.fsencode(root) + b"/bad\xff.txt"))).write_text("")

    slug = await packed(root, into)

    assert b"bad\xff.txt" in gzip.decompress(slug.path.read_bytes())


async def test_the_archive_is_a_tar_that_ends_with_two_zero_blocks(
    root: Path, into: Path
) -> None:
    """Nothing pads the archive beyond its end mark."""
    data = gzip.decompress((await packed(root, into)).path.read_bytes())

    assert len(data) == 512 + 512 + 1024
    assert data[-1024:] == bytes(1024)
    assert tarfile.open(fileobj=io.BytesIO(data)).getnames() == ["main.tf"]


@POSIX_ONLY
async def test_links_that_stay_inside_stay_links(root: Path, into: Path) -> None:
    """Relative links keep their text, absolute ones become relative."""
    make_tree(root, {"d/x.txt": "x"})
    (root / "rel").symlink_to("d/x.txt")
    (root / "d" / "up").symlink_to("../main.tf")
    (root / "dead").symlink_to("nowhere")
    (root / "loop").symlink_to("loop")
    (root / "here").symlink_to(".")
    (root / "d" / "abs").symlink_to(root / "main.tf")

    found = contents(await packed(root, into))

    assert found["rel"] == "-> d/x.txt"
    assert found["d/up"] == found["d/abs"] == "-> ../main.tf"
    assert (found["dead"], found["loop"], found["here"]) == (
        "-> nowhere",
        "-> loop",
        "-> .",
    )


@POSIX_ONLY
async def test_links_that_leave_are_replaced_by_what_they_lead_to(
    root: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files over any number of hops, and directories with links of their own (P60, P61)."""
    outside = make_tree(root.parent / "ext", {"f.tf": "f", "dd/a.tf": "a", "s/b.tf": "b"})
    (outside / "l3").symlink_to("f.tf")
    (outside / "l2").symlink_to(outside / "l3")
    (outside / "dd" / "file").symlink_to("../f.tf")
    (outside / "dd" / "sub").symlink_to("../s")
    (root / "b.tf").symlink_to("../ext/l2")
    (root / "m").symlink_to(outside / "dd")

    slug = await packed(root, into)
    found = contents(slug)

    assert found["b.tf"] == "f"
    assert found["m/a.tf"] == "a"
    assert found["m/file"] == "f"
    assert found["m/sub/b.tf"] == "b"
    assert not [name for name in found if ".." in name]
    assert members(slug)[names_in(slug).index("b.tf")].size == 1
    monkeypatch.chdir(root.parent)
    assert contents(await packed(Path(root.name), into)) == found


@POSIX_ONLY
async def test_a_sibling_with_a_longer_name_is_outside(root: Path, into: Path) -> None:
    """`../rootX` beside `root` is copied: components decide, not text."""
    make_tree(root.parent / "rootX", {"f": "beside"})
    (root / "l").symlink_to("../rootX/f")

    assert contents(await packed(root, into))["l"] == "beside"


@POSIX_ONLY
async def test_a_dead_link_out_of_the_tree_is_left_out_with_a_warning(
    root: Path, into: Path
) -> None:
    """One dead link blocks no plan (P59), and a rule that drops it silences it."""
    (root / "b").symlink_to("/nonexistent/zz")

    slug = await packed(root, into)
    (root / ".terraformignore").write_text("b\n")
    quiet = await packed(root, into)

    assert names_in(slug) == ["main.tf"]
    assert "b leads to /nonexistent/zz" in slug.warnings[0]
    assert quiet.warnings == ()


@POSIX_ONLY
async def test_links_that_lead_back_do_not_go_on_for_ever(root: Path, into: Path) -> None:
    """A link to a directory above is followed once, and what holds it is not entered again."""
    outside = make_tree(root.parent / "ext", {"x": "x"})
    (outside / "back").symlink_to(outside)
    (root / "m").symlink_to(outside)
    (root / "up").symlink_to(root.parent)

    slug = await packed(root, into)

    assert {"m/x", "up/ext/x"} <= set(names_in(slug))
    assert not [name for name in names_in(slug) if name.count("up/") > 1]
    assert any("leads back" in warning for warning in slug.warnings)
    assert any("above the configuration" in warning for warning in slug.warnings)


@POSIX_ONLY
@pytest.mark.parametrize("rule", ["m/e/", "m/e/**", "e/"])
async def test_rules_see_the_path_in_the_archive(rule: str, root: Path, into: Path) -> None:
    """For copied content the name below the link counts (P81)."""
    outside = make_tree(root.parent / "ext", ["e/x", "keep"])
    (root / "m").symlink_to(outside)
    (root / ".terraformignore").write_text(f"{rule}\n")

    names = names_in(await packed(root, into))

    assert "m/keep" in names
    assert "m/e/x" not in names


@POSIX_ONLY
@pytest.mark.parametrize("rule", ["m", "m/"])
async def test_both_forms_of_a_rule_drop_a_link_with_its_content(
    rule: str, root: Path, into: Path
) -> None:
    """A link that is replaced by a directory counts as link and as directory."""
    (root / "m").symlink_to(make_tree(root.parent / "ext", ["x"]))
    (root / ".terraformignore").write_text(f"{rule}\n")

    assert names_in(await packed(root, into)) == [".terraformignore", "main.tf"]


@POSIX_ONLY
async def test_pipes_and_sockets_are_left_out_with_a_note(root: Path, into: Path) -> None:
    """They are told and never opened (P73)."""
    os.mkfifo(root / "pipe")
    listener = socket.socket(socket.AF_UNIX)
    here = os.getcwd()
    os.chdir(root)
    try:
        listener.bind("sock")
    finally:
        os.chdir(here)
        listener.close()

    slug = await packed(root, into)

    assert names_in(slug) == ["main.tf"]
    assert len(slug.warnings) == 2


async def test_an_archive_is_never_packed_into_itself(root: Path) -> None:
    """The folder for archives may lie in the tree."""
    slug = await packed(root, root / "into")

    assert names_in(slug) == ["into/", "main.tf"]


async def test_state_files_and_env_files_are_told(root: Path, into: Path) -> None:
    """What may hold secrets goes in, as with Terraform, but not silently."""
    make_tree(root, ["terraform.tfstate", "d/.env", "ca.crt", ".env.example"])

    (warning,) = (await packed(root, into)).warnings

    assert "'d/.env', 'terraform.tfstate' may hold secrets" in warning


@pytest.mark.parametrize(
    "name",
    [
        "crash.log",
        "crash.1700000000.log",
        "terraform.tfstate.backup.1",
        "terraform.tfstate.1700000000.backup",
        "errored.tfstate.1",
        "id_rsa",
        "deploy.pem",
        "client.p12",
        ".netrc",
        ".terraformrc",
        "credentials.tfrc.json",
        ".aws/credentials",
        ".env.production",
    ],
)
def test_names_of_secrets_are_known(name: str, root: Path) -> None:
    """Keys, credentials, states and what crashes leave behind (P72, M10)."""
    make_tree(root, [f"d/{name}"])

    assert list_members(root).warnings == (
        f"'d/{name}' may hold secrets and went into the archive; "
        "leave such files out with .terraformignore",
    )


@pytest.mark.parametrize(
    "name",
    ["main.pem.tf", "id_rsa.pub", "x/credentials", ".env.example", "a.tfstate.lock.info"],
)
def test_names_that_only_look_like_secrets_are_not_told(name: str, root: Path) -> None:
    """A warning that is wrong most of the time is not read."""
    assert list_members(make_tree(root, [name])).warnings == ()


async def test_a_state_that_was_not_stored_is_told_before_a_plan(
    root: Path, into: Path
) -> None:
    """It may be the newest state there is, whether it is uploaded or not (P114)."""
    make_tree(root, {"errored.tfstate": "", ".terraformignore": "*.tfstate"})

    (warning,) = (await packed(root, into)).warnings

    assert warning.startswith(f"{root / 'errored.tfstate'} holds a state that could not be")
    assert "store it or delete the file" in warning


async def test_variables_that_the_server_loads_are_told(root: Path, into: Path) -> None:
    """terraform.tfvars of the configuration itself is not a private file (P161)."""
    make_tree(root, ["net/main.tf", "net/terraform.tfvars", "d/terraform.tfvars"])

    (warning,) = (await packed(root / "net", into, working_directory="net")).warnings

    assert warning.startswith(
        "'net/terraform.tfvars' went into the archive: the server loads"
    )


@pytest.mark.parametrize(
    ("rules", "is_kept"), [("", False), ("!zzz", False), ("!.git", True), (".git/", False)]
)
async def test_git_as_a_file_is_left_out(
    rules: str, is_kept: bool, root: Path, into: Path
) -> None:
    """Worktrees and submodules have a file .git, which leads to the repository (P72)."""
    make_tree(root, {"m/.git": "gitdir: /home/x/.git", ".terraformignore": rules})

    assert ("m/.git" in names_in(await packed(root, into))) == is_kept


@POSIX_ONLY
async def test_links_out_of_the_tree_are_told_and_can_be_refused(
    root: Path, into: Path
) -> None:
    """A link brings what lies elsewhere, so it is named with its target (M10)."""
    outside = make_tree(root.parent / "ext", {"key": "secret", "dd/f": ""})
    (root / "k").symlink_to(outside / "key")
    (root / "m").symlink_to("../ext/dd")
    (root / "inside").symlink_to("main.tf")

    (warning,) = (await packed(root, into)).warnings
    with pytest.raises(SlugError, match="the link k leads to .*ext/key, which is outside"):
        await pack(
            root, working_directory="", destroy=False, into=into, refuse_outside_links=True
        )

    assert f"'k -> {outside / 'key'}', 'm -> ../ext/dd'" in warning
    assert "inside" not in warning


def test_a_listing_shows_what_would_be_packed(root: Path, into: Path) -> None:
    """Names, links and warnings are those of the archive (P72)."""
    make_tree(root, {"d/.env": "", "x.log": "", ".terraformignore": "*.log"})

    listing = list_members(root)

    assert [member.name for member in listing.members] == [
        ".terraformignore", "d/", "d/.env", "main.tf"
    ]  # fmt: skip
    assert "'d/.env' may hold secrets" in listing.warnings[0]


async def test_names_that_differ_only_in_case_are_told(root: Path, into: Path) -> None:
    """Both are kept, and a person hears of it."""
    make_tree(root, ["a.txt", "A.txt"])
    if len(list(root.iterdir())) == 2:
        pytest.skip("this file system takes the two for one")

    slug = await packed(root, into)

    assert {"a.txt", "A.txt"} <= set(names_in(slug))
    assert "differ from other names only in case" in slug.warnings[0]


async def test_a_file_that_shrinks_or_grows_is_cut_to_its_header(
    root: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The archive stays whole: zeros or a cut, and a warning that names the file (P75)."""
    make_tree(root, {"grows": "12345", "shrinks": "12345"})
    opened = os.fdopen

    def change(descriptor: int, *more: object, **most: object) -> object:
        file = opened(descriptor, *more, **most)  # type: ignore[call-overload]
        (root / "grows").write_text("123456789")
        (root / "shrinks").write_text("12")
        return file

    real = os.fstat
    sizes = {os.stat(root / name).st_ino: 5 for name in ("grows", "shrinks")}

    def at_first(descriptor: int) -> os.stat_result:
        status = real(descriptor)
        return os.stat_result(
            (*status[:6], sizes.get(status.st_ino, status.st_size), *status[7:]),
            {"st_mtime_ns": status.st_mtime_ns},
        )

    monkeypatch.setattr(os, "fdopen", change)
    monkeypatch.setattr(os, "fstat", at_first)
    slug = await packed(root, into)
    monkeypatch.undo()

    assert contents(slug)["grows"] == "12345"
    assert contents(slug)["shrinks"] == "12\0\0\0"
    assert ["longer", "shorter"] == [
        word
        for word in ("longer", "shorter")
        if any(word in text for text in slug.warnings)
    ]


async def test_files_that_vanished_are_left_out_with_one_warning(
    root: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Temporary files that go away while we look are no reason to fail (L14)."""
    make_tree(root, [f"{number}.tmp" for number in range(9)])
    real = os.open

    def open_late(path: str, *more: int) -> int:
        if path.endswith(".tmp"):
            raise FileNotFoundError(path)
        return real(path, *more)

    monkeypatch.setattr(os, "open", open_late)
    slug = await packed(root, into)
    monkeypatch.undo()

    assert names_in(slug) == ["main.tf"]
    (warning,) = slug.warnings
    assert "4.tmp' and 4 more vanished" in warning


@pytest.mark.parametrize("what", ["open", "scandir"])
async def test_what_cannot_be_read_is_named(
    what: str, root: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unreadable file or directory stops everything before anything is sent (P79)."""
    make_tree(root, ["closed/x"])
    real = getattr(os, what)

    def refuse(path: Any, *more: object) -> object:
        if isinstance(path, str) and path.endswith(("closed/x", "closed")):
            raise PermissionError(13, "Permission denied", path)
        return real(path, *more)

    monkeypatch.setattr(os, what, refuse)

    with pytest.raises(SlugError, match=r"closed.* cannot be read \(Permission denied\)"):
        await packed(root, into)


@pytest.mark.parametrize("kind", ["directory", "leaving link", "dead link"])
@POSIX_ONLY
async def test_an_ignore_file_that_cannot_be_read_stops_everything(
    kind: str, root: Path, into: Path
) -> None:
    """What was meant to be hidden is never uploaded because its rules were unreadable."""
    path = root / ".terraformignore"
    if kind == "directory":
        path.mkdir()
    else:
        (root.parent / "rules").write_text("x\n")
        path.symlink_to("../rules" if kind == "leaving link" else "nowhere")

    with pytest.raises(SlugError, match="terraformignore"):
        await packed(root, into)


async def test_the_rules_of_the_root_count_alone(root: Path, into: Path) -> None:
    """Ignore files further down are files like others."""
    make_tree(root, {"d/.terraformignore": "x\n", "d/x": ""})

    assert "d/x" in names_in(await packed(root, into))


async def test_an_archive_without_configuration_is_refused(
    tmp_path: Path, into: Path
) -> None:
    """Nothing would be planned, so nothing is uploaded; a destroy needs none."""
    root = make_tree(tmp_path / "root", ["readme.md", "sub/main.tf"])

    with pytest.raises(SlugError, match=r"holds no configuration"):
        await packed(root, into)

    assert (await packed(root, into, destroy=True)).file_count == 2
    assert (await packed(root, into, working_directory="sub")).file_count == 2


async def test_being_canceled_ends_the_work(
    root: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing writes any more when the call has returned."""
    make_tree(root, [f"f{number}" for number in range(50)])
    reached = anyio.Event()
    real = os.open

    def tell(*given: Any, **more: Any) -> int:
        anyio.from_thread.run_sync(reached.set)
        return real(*given, **more)

    into.mkdir()
    monkeypatch.setattr(os, "open", tell)
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: packed(root, into))
        await reached.wait()
        group.cancel_scope.cancel()
    monkeypatch.undo()

    (partial,) = into.iterdir()
    size = partial.stat().st_size
    await anyio.lowlevel.checkpoint()
    assert partial.stat().st_size == size
