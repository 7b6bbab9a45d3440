"""The only place that knows JSON:API, the API's names and its paths."""

__all__ = ()
