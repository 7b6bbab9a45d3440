"""Stored plans as the base of a comparison: which of them belong to which configuration.

A plan is found again by its remote workspace: by server, organization and name. So it does not matter
whether its local name was unique in the batch that made it, whether that planned one directory or
several, nor whether a directory was renamed since.
"""

from collections.abc import Mapping, Sequence

from attrs import frozen

from remote_backend.errors import RemoteBackendError, RunOptionsError
from remote_backend.models.outcome import Outcome
from remote_backend.models.planned_place import ConfigurationPlace
from remote_backend.planning.base_choice import StoredBase
from remote_backend.planning.batch_context import BatchContext

__all__ = ("StoredPlaces",)


@frozen
class StoredPlaces:
    """Stored plans, and where their workspaces are."""

    stored: StoredBase
    by_configuration: Mapping[str, ConfigurationPlace]
    """The places by the names of configurations, which is empty for the one of most batches."""

    @staticmethod
    def of(stored: StoredBase) -> "StoredPlaces":
        """Return the places of stored plans."""
        places = stored.configurations or (
            ConfigurationPlace(
                name="",
                hostname=stored.hostname,
                organization=stored.organization,
                mapping=stored.mapping,
            ),
        )
        return StoredPlaces(stored, {place.name: place for place in places})

    def plans_for(self, name: str, context: BatchContext) -> dict[str, Outcome]:
        """Return the plans for the configuration of a name, by the names of remote workspaces.

        Raises `RunOptionsError` where those of its directory, or all, are of other workspaces.
        """
        own = self.by_configuration.get(name)
        is_among_them = (
            _agrees(own, context)
            if own is not None
            else any(_is_in(place, context) for place in self.by_configuration.values())
        )
        if not is_among_them:
            raise self._other_workspaces(own, context)
        return {
            outcome.full_name: outcome
            for outcome in self.stored.outcomes.values()
            if self._may_be_of(outcome, name, context)
        }

    def require_some_in_common(self, contexts: Sequence[BatchContext]) -> None:
        """Raise `RunOptionsError` where no plan can be of a workspace of some configurations."""
        places = self.by_configuration.values()
        if not any(_agrees(place, context) for place in places for context in contexts):
            raise self._other_workspaces(None, contexts[0])

    def _may_be_of(self, outcome: Outcome, name: str, context: BatchContext) -> bool:
        place = self.by_configuration.get(outcome.configuration)
        if place is not None and place.hostname and place.organization:
            return _is_in(place, context)
        # Programs need not say where plans were made.
        return not name or outcome.configuration in ("", name)

    def _other_workspaces(
        self, place: ConfigurationPlace | None, context: BatchContext
    ) -> RemoteBackendError:
        of = self.stored if place is None else place
        stored_place = f"{of.hostname}/{of.organization}/{of.mapping}"
        own_place = f"{context.hostname}/{context.organization}/{context.mapping}"
        return RunOptionsError(
            f"{self.stored.name} is of {stored_place}, and the configuration names "
            f"{own_place}; compare with plans of the same workspaces"
        )


def _is_in(place: ConfigurationPlace, context: BatchContext) -> bool:
    """Return whether a place may be in the organization of a configuration."""
    # Programs need not say where plans were made, so an empty member agrees with any.
    return (place.hostname or context.hostname) == context.hostname and (
        place.organization or context.organization
    ) == context.organization


def _agrees(place: ConfigurationPlace, context: BatchContext) -> bool:
    """Return whether a place may be that of a configuration, with the same mapping."""
    return _is_in(place, context) and (place.mapping or context.mapping) == context.mapping
