"""One exchange of HTTP, made reliable; never reads what a body means."""

__all__ = ()
