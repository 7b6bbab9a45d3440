"""Commands of Terraform that change things, refused with the reason."""

import click

from remote_backend.cli.terraform_flags import TerraformCommand
from remote_backend.errors import RunOptionsError

__all__ = ("apply", "destroy", "import_", "refresh")


def _refuse(name: str, instead: str) -> click.Command:
    @click.command(
        name,
        cls=TerraformCommand,
        hidden=True,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
    def refused() -> None:
        raise RunOptionsError(
            f"{name} is refused: remote-backend only plans, it never changes anything; {instead}"
        )

    return refused


apply = _refuse("apply", "use `terraform apply`, or confirm a run on the server")
destroy = _refuse(
    "destroy",
    "use `terraform destroy`; `remote-backend plan -destroy` shows what it would do",
)
import_ = _refuse("import", "use `terraform import`")
refresh = _refuse(
    "refresh",
    "`remote-backend plan -refresh-only` shows what has changed outside Terraform",
)
