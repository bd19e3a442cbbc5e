"""Kind clusters: created, adopted, loaded with images, deleted."""

from __future__ import annotations

from tui.actions.kind.create import create
from tui.actions.kind.delete import delete
from tui.actions.kind.load import load

__all__ = ["create", "delete", "load"]
