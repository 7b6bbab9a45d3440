"""Whether the run that a server made is the one that was requested.

A server may accept an option and ignore it: OTF answers `refresh-only: true` with 201 and makes
an ordinary plan (seen in November 2026). Its answer says so, so each answer is compared.
"""

from collections.abc import Iterable

from remote_backend.errors import RunDiffers
from remote_backend.models.run import PlanOptions, Run, RunSettings

__all__ = ("differences_of", "require_as_requested")


def require_as_requested(run: Run, options: PlanOptions) -> None:
    """Raise `RunDiffers` when the server reports other options for a run than were requested."""
    differences = differences_of(run.settings, options)
    if differences:
        raise RunDiffers(run.id, differences)


def differences_of(settings: RunSettings, options: PlanOptions) -> tuple[str, ...]:
    """Return the names of the options that differ, as far as the server reports them.

    Variables are compared by name alone, because a server may write their values in another way.
    """
    pairs = {
        "plan_only": (settings.plan_only, True),
        "destroy": (settings.destroy, options.destroy),
        "refresh_only": (settings.refresh_only, options.refresh_only),
        "refresh": (settings.refresh, options.refresh),
        "terraform_version": (
            # Without a wish, the server reports the version of the workspace.
            options.terraform_version and settings.terraform_version,
            options.terraform_version,
        ),
        "generate_config": (
            # Where it was not requested, a server may allow it all the same.
            settings.generate_config if options.generate_config else None,
            True,
        ),
        "targets": (_sorted(settings.targets), _sorted(options.targets)),
        "replace": (_sorted(settings.replace), _sorted(options.replace)),
        "variables": (
            _sorted(settings.variable_names),
            _sorted(name for name, _ in options.variables),
        ),
    }
    return tuple(
        name
        for name, (made, requested) in pairs.items()
        if made is not None and made != requested
    )


def _sorted(texts: Iterable[str] | None) -> list[str] | None:
    return None if texts is None else sorted(set(texts))
