"""The reports of six real plans: as a comment on a pull request, and as a page."""

import json
import shutil
import tempfile
from collections.abc import Mapping
from html import escape
from pathlib import Path

from markdown_it import MarkdownIt

from remote_backend.server.seed import SeedVariable, SeedWorkspace
from tests.support.chromium import opened_page
from tests.support.command_line import CommandLine, configured_server

__all__ = ("draw_reports",)

_CONFIGURATION = """
variable "region" {
  type = string
}
variable "size" {
  type    = string
  default = "large"
}
resource "terraform_data" "database" {
  input            = { region = var.region, size = var.size }
  triggers_replace = [var.size]
}
resource "terraform_data" "policy" {
  input = jsonencode({ Effect = "Allow", Action = ["s3:GetObject", "s3:DeleteObject"] })
}
resource "terraform_data" "subnet" {
  for_each = toset(["a", "b"])
  input    = "${var.region}${each.key}"
}
"""
_BEFORE = '{"Action":["s3:GetObject","s3:PutObject"],"Effect":"Allow"}'
_AFTER = '{"Action":["s3:GetObject","s3:DeleteObject"],"Effect":"Allow"}'
_REGIONS = {
    "dev-eu-west-1": "eu-west-1",
    "prod-eu-west-1": "eu-west-1",
    "prod-us-east-1": "us-east-1",
    "sandbox-eu-west-1": "eu-west-1",
    "staging-eu-west-1": "eu-west-1",
}
_BROKEN = "staging-us-east-1"
"""A workspace that nobody gave a region."""

# As GitHub shows a comment, near enough to see what a reviewer sees.
_STYLE = """
body{margin:0;padding:16px;width:800px;box-sizing:border-box;color:#1f2328;
font:14px/1.5 -apple-system,"Segoe UI","Noto Sans","DejaVu Sans",Helvetica,Arial,sans-serif}
article{border:1px solid #d1d9e0;border-radius:6px}
header{padding:8px 16px;background:#f6f8fa;border-bottom:1px solid #d1d9e0;color:#59636e;
border-radius:6px 6px 0 0}
main{padding:0 16px 8px}
h3{font-size:17.5px;margin:16px 0 8px}h4{font-size:14px;margin:16px 0 8px}p{margin:8px 0}
table{border-collapse:collapse}th,td{border:1px solid #d1d9e0;padding:3px 13px}
code,pre{font:12px/1.45 ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace}
code{background:#eff1f3;border-radius:6px;padding:2px 5px}
pre{background:#f6f8fa;border-radius:6px;padding:12px 16px;margin:8px 0;overflow:hidden}
pre code{background:none;padding:0}
.add{background:#dafbe1;color:#116329}.del{background:#ffebe9;color:#82071e}.mark{color:#953800}
a{color:#0969da;text-decoration:none}sub{color:#59636e}
"""


async def draw_reports(folder: Path) -> None:
    """Write `comment.png` and `report.png`."""
    with tempfile.TemporaryDirectory() as scratch:
        markdown = Path(scratch, "plan.md")
        page = Path(scratch, "plan.html")
        seed = [*map(_seed, _REGIONS), SeedWorkspace(name=f"net-{_BROKEN}")]
        async with configured_server(
            Path(scratch), "net-", seed=seed, engine="terraform"
        ) as made:
            await _plan(made, markdown, page)
        async with opened_page(
            viewport={"width": 800, "height": 600}, device_scale_factor=1.1
        ) as browser:
            await browser.set_content(_comment(markdown.read_text(encoding="utf-8")))
            await browser.screenshot(path=folder / "comment.png", full_page=True)
        async with opened_page(viewport={"width": 1000, "height": 900}) as browser:
            await browser.goto(page.as_uri())
            await browser.screenshot(path=folder / "report.png")


def _seed(name: str) -> SeedWorkspace:
    region = SeedVariable(key="region", value=_REGIONS[name])
    return SeedWorkspace(name=f"net-{name}", variables=(region,))


async def _plan(command_line: CommandLine, *reports: Path) -> None:
    terraform = shutil.which("terraform")
    assert terraform is not None, "Terraform plans, and it is not on PATH"
    with (command_line.directory / "main.tf").open("a", encoding="utf-8") as file:
        file.write(_CONFIGURATION)
    for name, region in _REGIONS.items():
        state = command_line.directory.parent / f"{name}.tfstate"
        state.write_text(json.dumps(_state(name, region)), encoding="utf-8")
        done = await command_line.run("state", "push", str(state), TF_WORKSPACE=name)
        assert done.code == 0, done.err
    flags = [f"-report={report}" for report in reports]
    done = await command_line.run("plan", "-all", "-quiet", *flags)
    assert done.code == 1, done.err


def _state(name: str, region: str) -> dict[str, object]:
    """Return what was applied: production lags behind, and only the sandbox has no legacy."""
    is_production = name.startswith("prod-")
    size = "small" if is_production else "large"
    objects: dict[str, str | Mapping[str, str]] = {
        "database": {"region": region, "size": size},
        "policy": _BEFORE if is_production else _AFTER,
    }
    resources = [
        _resource(key, [_instance(value, size if key == "database" else None)])
        for key, value in objects.items()
    ]
    subnets = [_instance(f"{region}{key}", None, key) for key in ("a", "b")]
    resources.append(_resource("subnet", subnets))
    if not name.startswith("sandbox-"):
        resources.append(_resource("legacy_route", [_instance("10.0.0.0/8", None)]))
    return {
        "version": 4,
        "terraform_version": "1.11.4",
        "serial": 1,
        "lineage": f"lineage-{name}",
        "outputs": {},
        "resources": resources,
    }


def _resource(name: str, instances: list[dict[str, object]]) -> dict[str, object]:
    return {
        "mode": "managed",
        "type": "terraform_data",
        "name": name,
        "provider": 'provider["terraform.io/builtin/terraform"]',
        "instances": instances,
    }


def _instance(
    value: str | Mapping[str, str], trigger: str | None, key: str | None = None
) -> dict[str, object]:
    kind: object = "string"
    if not isinstance(value, str):
        kind = ["object", dict.fromkeys(value, "string")]
    stored = {"value": value, "type": kind}
    triggers = {"value": [trigger], "type": ["tuple", ["string"]]} if trigger else None
    attributes = {
        "id": "8d5e1f0a-5d7c-4f4e-9b8e-0f2b7c1d9a11",
        "input": stored,
        "output": stored,
        "triggers_replace": triggers,
    }
    instance: dict[str, object] = {"schema_version": 0, "attributes": attributes}
    return instance if key is None else {**instance, "index_key": key}


def _comment(markdown: str) -> str:
    """Return a comment as a page, its fences of `diff` in colors."""
    parser = MarkdownIt("commonmark", {"highlight": _highlighted}).enable("table")
    return (
        f"<!doctype html><style>{_STYLE}</style><article><header><b>github-actions</b> "
        f"commented on this pull request</header><main>{parser.render(markdown)}</main></article>"
    )


def _highlighted(text: str, language: str, _: str) -> str:
    kinds = {"+": "add", "-": "del", "!": "mark"} if language == "diff" else {}
    return "\n".join(
        f'<span class="{kinds[line[0]]}">{escape(line)}</span>'
        if line[:1] in kinds
        else escape(line)
        for line in text.split("\n")
    )
