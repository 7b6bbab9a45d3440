"""What the command line adds to errors and warnings of the library: its flags and commands.

The library names its parameters and says what is wrong. A reader of the command line needs the
flag or the command that helps, so each text is completed here before it is shown.
"""

import re
from collections.abc import Iterator, Mapping

from remote_backend.errors import (
    BackendChanged,
    BadBackendRecord,
    BaseUnknown,
    FolderInUse,
    LockedByRun,
    LockError,
    MigrationStopped,
    NestedTooDeeply,
    NoBatches,
    NoConfigurationFiles,
    NoSuchWorkspace,
    NotAuthorized,
    NoToken,
    NoWorkspaces,
    NoWorkspaceSelected,
    OtherState,
    PlainHttp,
    PlainTraffic,
    RemoteBackendError,
    StateLocked,
    StateUnconfirmed,
    StateUnreadable,
    VariablesDiffer,
    VariableWithoutValue,
    WorkspaceManagesResources,
)

__all__ = ("FLAGS", "HINTS", "message_of")

FLAGS: Mapping[str, str] = {
    "allow": "-allow",
    "base": "-compare",
    "destroy": "-destroy",
    "changed_since": "-changed-since",
    "exclude": "-exclude",
    "fail_on": "-fail-on",
    "force=True": "-force",
    "ignore_drift": "-ignore-drift",
    "max_concurrency": "-parallelism",
    "oldest": "-oldest",
    "plan_json": "-plan-json",
    "project": "-project",
    "refresh=False": "-refresh=false",
    "refresh_only": "-refresh-only",
    "refuse_outside_links": "-refuse-outside-links",
    "replace": "-replace",
    "select": "-select",
    "terraform_version": "-terraform-version",
    "select_tags": "-select-tag",
    "upload": "-upload",
    "version": "-compare=version",
    "where": "-where",
}
"""The flag in place of each parameter that the text of an error or a warning names."""

HINTS: Mapping[type[Exception], str] = {
    BackendChanged: "run `remote-backend init -migrate-state` to move states along, or "
    "`init -reconfigure`",
    BaseUnknown: "give one, as in -compare=REF or -changed-since=REF, or let `git remote set-head "
    "origin -a` make origin/HEAD",
    BadBackendRecord: "run `remote-backend init -reconfigure`, which writes it anew",
    PlainTraffic: "serve HTTPS with -tls, or allow HTTP behind a proxy that adds it with -plain-http",
    FolderInUse: "stop it, or choose another folder with -data=DIR",
    LockError: "`remote-backend force-unlock {lock_id}` takes the lock away",
    LockedByRun: "wait with -lock-timeout=5m until it ends, or cancel or discard that run on the "
    "server",
    MigrationStopped: "run init again to continue",
    NestedTooDeeply: "`remote-backend state pull` writes the whole state as it is",
    NoBatches: "`remote-backend plan -all` makes one",
    NoConfigurationFiles: "run the command in the directory of the configuration, or use -chdir=DIR",
    NoSuchWorkspace: "`remote-backend workspace new {missing_name}` makes it",
    NotAuthorized: "`remote-backend login {login_host}` stores a new one",
    NoToken: "`remote-backend login {hostname}` stores one (looked in: {places})",
    NoWorkspaces: "`remote-backend workspace new NAME` makes one",
    NoWorkspaceSelected: "set TF_WORKSPACE=NAME, or use `remote-backend workspace select NAME`, or "
    "-all where a command has it",
    PlainHttp: "for `remote-backend serve`, set TF_CLI_CONFIG_FILE to the file that it names, or "
    "serve with -tls",
    OtherState: "`remote-backend state pull` shows the one there",
    StateLocked: "wait with -lock-timeout=5m, or, if nobody works on it any more, "
    "`remote-backend force-unlock {lock_id}` takes the lock away",
    StateUnconfirmed: "`remote-backend force-unlock {lock_id}` takes the lock away",
    StateUnreadable: "`remote-backend state pull` writes it as it is",
    VariablesDiffer: "give the same -var and -var-file again",
    VariableWithoutValue: "-var-file=FILE takes a file of variables",
    WorkspaceManagesResources: "-force deletes the workspace and forgets them",
}
"""What helps against an error, with its attributes; that of the nearest class counts.

A hint whose attribute is empty is left out.
"""


def message_of(problem: Exception | str) -> str:
    """Return the text of an error or a warning in the words of the command line.

    A hint takes the place of the advice for programs. The hints of the errors that caused it
    follow, because their text is often a part of it.
    """
    text = str(problem)
    if isinstance(problem, RemoteBackendError) and _hint_of(problem) is not None:
        text = problem.text
    message = _with_flags(text, getattr(problem, "parameters", ()))
    for hint in _hints(problem):
        if hint not in message:
            message = f"{message}; {hint}"
    return message


def _with_flags(text: str, parameters: tuple[str, ...]) -> str:
    for parameter in parameters:
        flag = FLAGS.get(parameter, parameter)
        text = re.sub(rf"\b{re.escape(parameter)}\b", flag, text, count=1)
    return text


def _hints(problem: object) -> Iterator[str]:
    while isinstance(problem, Exception):
        if hint := _hint_of(problem):
            yield hint
        problem = problem.__cause__


def _hint_of(error: BaseException) -> str | None:
    hint = next((HINTS[kind] for kind in type(error).__mro__ if kind in HINTS), "")
    names = re.findall(r"{(\w+)}", hint)
    facts = {name: getattr(error, name) for name in names}
    return hint.format_map(facts) if hint and all(facts.values()) else None
