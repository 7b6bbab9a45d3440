"""Workspaces with their newest runs, as lists of pages filter and order them."""

from collections import Counter
from collections.abc import Callable, Mapping

from attrs import frozen

from remote_backend.reports.html_kinds import Kind
from remote_backend.server.organization_records import OrganizationRecord
from remote_backend.server.pages.run_words import kind_of_run
from remote_backend.server.records import RunRecord, WorkspaceRecord
from remote_backend.server.store import Records

__all__ = ("NEVER", "SORTS", "ListFilter", "WorkspaceRow", "counts_by_result", "read_rows")

NEVER = "never"
"""The result of a workspace that has no run."""

_IMPORTANCE = [*(kind.value for kind in Kind), NEVER]


@frozen
class WorkspaceRow:
    """A workspace and its newest run."""

    workspace: WorkspaceRecord
    run: RunRecord | None

    @property
    def tags(self) -> tuple[str, ...]:
        """The names of its tags of both kinds."""
        return (*self.workspace.tag_names, *self.workspace.tag_bindings)

    @property
    def result(self) -> str:
        """What the newest run came to, as a filter names it."""
        return NEVER if self.run is None else kind_of_run(self.run).value


SORTS: dict[str, Callable[[WorkspaceRow], tuple[object, ...]]] = {
    "name": lambda row: (row.workspace.name,),
    "result": lambda row: (_IMPORTANCE.index(row.result), row.workspace.name),
    "newest": lambda row: (row.run is None, _reversed(row), row.workspace.name),
}
"""Orders of a list, by the name that its address has for them."""


@frozen(kw_only=True)
class ListFilter:
    """Which workspaces a list shows, in which order."""

    search: str = ""
    result: str = ""
    tag: str = ""
    is_locked: bool = False
    sort: str = "name"

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "ListFilter":
        """Return the filter in an address or a form; a sort that is not known is `name`."""
        sort = query.get("sort", "")
        return cls(
            search=query.get("search", "").strip(),
            result=query.get("result", ""),
            tag=query.get("tag", ""),
            is_locked=query.get("locked", "") == "1",
            sort=sort if sort in SORTS else "name",
        )

    def to_query(self) -> dict[str, str]:
        """Return what an address has of it."""
        members = {
            "search": self.search,
            "result": self.result,
            "tag": self.tag,
            "locked": "1" if self.is_locked else "",
            "sort": "" if self.sort == "name" else self.sort,
        }
        return {name: value for name, value in members.items() if value}

    def accepts(self, row: WorkspaceRow) -> bool:
        """Say whether the list shows a workspace, apart from its result."""
        workspace = row.workspace
        return (
            self.search.lower() in workspace.name.lower()
            and (not self.tag or self.tag in row.tags)
            and (not self.is_locked or workspace.locked_by is not None)
        )

    def shown(self, rows: list[WorkspaceRow]) -> list[WorkspaceRow]:
        """Return the rows of a result in order, of those that `accepts` took."""
        with_result = [row for row in rows if self.result in ("", row.result)]
        return sorted(with_result, key=SORTS[self.sort])


def read_rows(records: Records, organization: OrganizationRecord) -> list[WorkspaceRow]:
    """Return the workspaces of an organization with their newest runs."""
    workspaces = records.all(WorkspaceRecord, organization.id)
    runs = records.newest_of(RunRecord, [workspace.id for workspace in workspaces])
    return [WorkspaceRow(workspace, runs.get(workspace.id)) for workspace in workspaces]


def counts_by_result(rows: list[WorkspaceRow]) -> dict[str, int]:
    """Return how many workspaces have each result, the most important first."""
    counts = Counter(row.result for row in rows)
    return {result: counts[result] for result in _IMPORTANCE if counts[result]}


def _reversed(row: WorkspaceRow) -> float:
    if row.run is None:
        return 0.0
    # Times of the API are of one form, so their digits are a number.
    return -float("".join(filter(str.isdigit, row.run.created_at))[:17] or 0)
