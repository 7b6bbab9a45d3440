"""The form that starts plans, and the run that a form asks for."""

from attrs import evolve

from remote_backend.server.pages.markup import choice
from remote_backend.server.pages.signed_in import Form, first
from remote_backend.server.records import (
    ConfigurationVersionRecord,
    RunRecord,
    WorkspaceRecord,
)
from remote_backend.server.store import Records
from remote_backend.server.workspace_records import newest_usable_configuration

__all__ = ("configuration_to_plan", "mode_choice", "start_fields", "with_form")

_MODES = {"plan": "plan", "refresh-only": "refresh only", "destroy": "plan to destroy"}
_MESSAGE = "Planned from the pages"
_LONGEST_MESSAGE = 500


def mode_choice() -> str:
    """Return the choice of what is planned."""
    return f"<label>What {choice('mode', _MODES, 'plan')}</label>"


def start_fields() -> str:
    """Return the fields of a form that starts one plan."""
    return (
        f"{mode_choice()}\n"
        '<label>Targets <textarea name="targets" rows="2" '
        'placeholder="one address in each line; empty for all"></textarea></label>\n'
        f'<label>Message <input name="message" maxlength="{_LONGEST_MESSAGE}" '
        f'placeholder="{_MESSAGE}"></label>\n<button>Plan again</button>\n'
    )


def configuration_to_plan(
    records: Records, workspace: WorkspaceRecord, last: RunRecord | None
) -> ConfigurationVersionRecord | None:
    """Return the newest configuration version that a workspace has been planned with.

    A batch uploads once and plans many workspaces with it, so it may belong to another one.
    """
    candidates = [newest_usable_configuration(records, workspace.id)]
    if last is not None:
        candidates.append(
            records.find(ConfigurationVersionRecord, last.configuration_version_id)
        )
    usable = [version for version in candidates if version and version.status == "uploaded"]
    return max(usable, key=lambda version: version.created_at, default=None)


def with_form(run: RunRecord, form: Form, batch_id: str = "") -> RunRecord:
    """Return a run with the options of a form; a mode that is not known is a plain plan."""
    mode = first(form, "mode")
    targets = (line.strip() for line in first(form, "targets").split("\n"))
    message = first(form, "message").strip()[:_LONGEST_MESSAGE] or _MESSAGE
    return evolve(
        run,
        message=f"{message} ({batch_id})" if batch_id else message,
        batch_id=batch_id,
        is_destroy=mode == "destroy",
        refresh_only=mode == "refresh-only",
        target_addrs=tuple(target for target in targets if target),
    )
