"""Everything that speaks to the service: one client, its wire format and its transport."""

__all__ = ()
