"""Shortcuts beneath SQLAlchemy, the drivers and FastAPI, each measured against the plain form that it replaces.

`docs/fast-paths.md` lists every shortcut, where it is used and what it brings. Only the modules named in `pyproject.toml` may
import this package; all others use `shared.rows`, which does the same through SQLAlchemy Core.
"""
