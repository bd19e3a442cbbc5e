"""A plan as its files have it, before its models read it: that takes a fifth of the time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.plan.each import expand
from tui.plan.include import Included, read_plan
from tui.plan.variables import Variables, collect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tui.plan.document import Document, Path_


@dataclass(frozen=True, slots=True)
class WrittenPlan:
    """A plan's files as one document, with its variables; whether it is a right plan is yet to be seen.

    Attributes:
        document: The plan with a task for each item of an `each`.
        included: The plans that it includes.
        variables: Its variables; faults of theirs are there, too.
        items: The item of each task that `each` made, by the task's path.
        families: The paths of each family's tasks, by its name.
    """

    document: Document
    included: Sequence[Included]
    variables: Variables
    items: Mapping[Path_, Any]
    families: Mapping[str, Sequence[Path_]]

    def digest(self, values: Mapping[str, Any]) -> str:
        """Return a checksum over files and variables: the same means the same work.

        Args:
            values: The variables, filled in.
        """
        parts = (self.document.value, values, *self.items.values())
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def read_written(path: Path, files: Sequence[Path] = (), settings: Sequence[str] = ()) -> WrittenPlan:
    """Read a plan's files and its variables.

    Args:
        path: The plan's file.
        files: Files of variables, later ones over earlier ones.
        settings: `key.path=value`, over the files.

    Raises:
        PlanError: A file cannot be read, or an `each` or a given value is wrong.
    """
    document, included = read_plan(path)
    variables = collect(document, included, files, settings)
    document, items, families = expand(document, variables.look_up)
    return WrittenPlan(document, included, variables, items, families)
