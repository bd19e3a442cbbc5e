"""Where a part of a plan is written: in the plan's own file, or in one that it includes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NAME = r"^[a-z]([a-z0-9_-]{0,30}[a-z0-9])?$"
"""Names that stand between dots: those that plans are included as, and those of outputs."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a part of a plan can name, and where its paths begin.

    Attributes:
        name: What its file is included as, such as `ds` or `ds.cache`; empty for the plan's own file.
        folder: The directory of its file.
    """

    name: str
    folder: Path

    def full(self, name: str) -> str:
        """Return a variable's or a task's name as the whole plan has it."""
        return f"{self.name}.{name}" if self.name else name

    @property
    def names(self) -> list[str]:
        """What it is included as, and what those around it are, from the innermost on."""
        parts = self.name.split(".") if self.name else []
        return [".".join(parts[:size]) for size in range(len(parts), 0, -1)]

    def within(self, name: str) -> Scope:
        """Return it for a plan that includes its file under a name."""
        return Scope(f"{name}.{self.name}" if self.name else name, self.folder)


class WrittenStep(dict[str, Any]):
    """A step as it is written, in an included plan or with references to outputs; with its scope."""

    def __init__(self, step: Mapping[str, Any], scope: Scope) -> None:
        super().__init__(step)
        self.scope = scope
