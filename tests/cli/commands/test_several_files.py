"""Files of a batch of several configurations: the JSON plans of each below its directory."""

import json
from pathlib import Path

from tests.support.monorepos import SEED, serving


def files_in(folder: Path) -> set[str]:
    """Return the paths of all files in a folder."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix() for path in paths}


OWN = {"index.json", ".gitignore"}
NET = {"stacks/net/dev.json", "stacks/net/prod.json"}


async def test_plans_lie_below_their_directories(tmp_path: Path) -> None:
    """`DIR/CONFIG/WORKSPACE.json`, whose names do not depend on the other directories."""
    async with serving(tmp_path) as monorepo:
        folder = monorepo.repository.path / "plans"
        done = await monorepo.run("plan", "-all", "-plan-json=plans", "stacks/*", "apps")
        files = files_in(folder)
        index = json.loads((folder / "index.json").read_text())
        again = await monorepo.run(
            "plan",
            "-all",
            "-plan-json=plans",
            "-plan-json-form=redacted",
            "stacks/net",
            "apps",
        )

    assert (done.code, again.code) == (0, 0), again.err
    assert files == OWN | NET | {"stacks/dns/prod.json", "apps/web.json"}
    assert [
        (plan["workspace"], plan["configuration"], plan["file"]) for plan in index["plans"]
    ] == [
        ("stacks/dns:prod", "stacks/dns", "stacks/dns/prod.json"),
        ("dev", "stacks/net", "stacks/net/dev.json"),
        ("stacks/net:prod", "stacks/net", "stacks/net/prod.json"),
        ("web", "apps", "apps/web.json"),
    ]
    # Nothing of the earlier batch is left, its directories neither.
    redacted = {name.replace(".json", ".redacted.json") for name in (*NET, "apps/web.json")}
    assert files_in(folder) == OWN | redacted
    assert not (folder / "stacks/dns").exists()
    assert folder.stat().st_mode & 0o77 == 0


async def test_a_program_writes_them_too(tmp_path: Path) -> None:
    """Each plan is read with the client of its configuration."""
    async with serving(tmp_path) as monorepo, monorepo.opened("stacks/*") as configurations:
        async with configurations.plan_all() as batch:
            await batch.wait()
        plans = await configurations.write_json_plans(tmp_path / "plans", batch)

    assert {(plan.configuration, plan.file) for plan in plans} == {
        ("stacks/net", "stacks/net/dev.json"),
        ("stacks/net", "stacks/net/prod.json"),
        ("stacks/dns", "stacks/dns/prod.json"),
    }


async def test_files_of_others_below_the_folder(tmp_path: Path) -> None:
    """Also those in directories are not removed, and the batch is refused."""
    async with serving(tmp_path, SEED[-1:]) as monorepo:
        folder = monorepo.repository.path / "plans"
        (folder / "stacks").mkdir(parents=True)
        (folder / "stacks/notes.txt").write_text("mine")
        done = await monorepo.run("plan", "-all", "-plan-json=plans", "apps", "stacks/net")

    assert done.code == 1
    assert "holds 'stacks/notes.txt', which no batch has written" in done.err
    assert (folder / "stacks/notes.txt").read_text() == "mine"
