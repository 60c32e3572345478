"""Reactions of imports to what routing decides of appeals whose import is undone."""

from intake.imports.service.undo import mark_refused, remove_undone

__all__ = ["mark_refused", "remove_undone"]
