"""What commands write: screens, consoles, tables, sections of CI logs and report files."""

__all__ = ()
