"""Whether options make sense together, and whether a batch can go on as it began."""

from remote_backend.errors import RunOptionsError, VariablesDiffer
from remote_backend.models.configuration import UploadMode
from remote_backend.models.run import PlanOptions
from remote_backend.planning.journal import JournalStory

__all__ = ("checked_options", "require_same_variables", "require_upload_mode")


def require_same_variables(
    story: JournalStory,
    variables: tuple[tuple[str, str], ...],
    *,
    hostname: str,
    organization: str,
) -> None:
    """Raise `RunOptionsError` for a batch of another organization or of other variables."""
    if (hostname, organization) != (story.hostname, story.organization):
        raise RunOptionsError(
            f"{story.id} was planned on {story.hostname} in {story.organization}, and the "
            f"configuration now names {hostname} and {organization}"
        )
    names = tuple(name for name, _ in variables)
    if sorted(names) != sorted(story.variable_names):
        planned_with = ", ".join(story.variable_names) or "none"
        raise VariablesDiffer(
            f"{story.id} was planned with run variables ({planned_with}), whose values are not "
            "in the journal; give the same variables again"
        )


def require_upload_mode(mode: object) -> None:
    """Raise `RunOptionsError` for anything but an `UploadMode`, as for the text "each"."""
    if not isinstance(mode, UploadMode):
        modes = ", ".join(f"UploadMode.{mode.name}" for mode in UploadMode)
        raise RunOptionsError(f"upload must be one of {modes}, not {mode!r}")


def checked_options(options: PlanOptions | None) -> PlanOptions:
    """Return options, the usual ones for None; raises `RunOptionsError` for contradictions."""
    options = options or PlanOptions()
    if options.destroy and options.refresh_only:
        raise RunOptionsError(
            "destroy and refresh_only exclude each other; choose one",
            parameters=("destroy", "refresh_only"),
        )
    if options.refresh_only and not options.refresh:
        raise RunOptionsError(
            "refresh_only needs a refresh; leave refresh=False out",
            parameters=("refresh_only", "refresh=False"),
        )
    if options.refresh_only and options.replace:
        raise RunOptionsError(
            "refresh_only replaces nothing; leave replace out",
            parameters=("refresh_only", "replace"),
        )
    if options.destroy and options.replace:
        raise RunOptionsError(
            "destroy replaces nothing; leave replace out", parameters=("destroy", "replace")
        )
    return options
