"""The parts of a plan as it is written, of whatever shape, each with its path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.plan.document import items

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.plan.document import Path_

    Part = tuple[Path_, Any]


def items_at(value: Any, path: Path_) -> Iterator[Part]:
    """Yield the items of the list that a mapping has at the last key of a path to it, if there is one."""
    for i, item in enumerate(items(value, str(path[-1]))):
        yield (*path, i), item


def tasks_in(plan: Any) -> Iterator[Part]:
    """Yield a plan's tasks."""
    for at, phase in items_at(plan, ("phases",)):
        yield from items_at(phase, (*at, "tasks"))


def steps_in(plan: Any) -> Iterator[Part]:
    """Yield the steps of a plan's tasks."""
    for at, task in tasks_in(plan):
        yield from items_at(task, (*at, "steps"))
