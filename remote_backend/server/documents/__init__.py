"""The server's side of the wire: documents it answers with, bodies it is sent."""

__all__ = ()
