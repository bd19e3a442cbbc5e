"""Tasks that a plan says once and that are made for each item of a list."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tui.plan.document import items, moved, several
from tui.plan.faults import PlanError, shown
from tui.plan.substitute import UndefinedError, each_text, fill
from tui.plan.walk import tasks_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tui.plan.document import Document, Moves, Path_
    from tui.plan.scope import Scope

EACH = "each"
"""The variable that stands for the item, in the task that is made for it."""

_MOST_TASKS = 2000
_OF_ITEM = re.compile(rf"\$\{{{EACH}(\.[^}}]*)?\}}")


def expand(
    document: Document, look_up: Callable[[str, Scope], Any]
) -> tuple[Document, dict[Path_, Any], dict[str, list[Path_]]]:
    """Make the tasks of a plan that has tasks with `each`.

    Args:
        document: The plan as it is written.
        look_up: Returns the value of a variable by its name, and where that is written.

    Returns:
        The plan with a task for each item, every value at the place where it is written; the item of each
        such task by its path; and the paths of each family's tasks by its name: `load-*` where the id is
        written `load-${each.name}`. A phase of which no task is left is left out.

    Raises:
        PlanError: An `each` is no list, or leads nowhere.
    """
    if not any(_has_each(task) for _, task in tasks_in(document.value)):
        return document, {}, {}
    item_of: dict[Path_, Any] = {}
    families: dict[str, list[Path_]] = {}
    moves: Moves = {}
    made: list[Any] = []
    for p, phase in enumerate(items(document.value, "phases")):
        here: Path_ = ("phases", len(made), "tasks")
        tasks: list[Any] = []
        for t, task in enumerate(items(phase, "tasks")):
            at: Path_ = ("phases", p, "tasks", t)
            found = _items(document, task, at, look_up) if _has_each(task) else None
            moves[at] = [(*here, len(tasks) + n) for n in range(1 if found is None else len(found))]
            one = {key: value for key, value in task.items() if key != EACH} if found is not None else task
            tasks += [one] * len(moves[at])
            if found is not None:
                families.setdefault(_family(document, task, at), []).extend(moves[at])
                item_of |= zip(moves[at], found, strict=True)
        if tasks or not items(phase, "tasks"):
            moves["phases", p] = [here[:2]]
            made.append({**phase, "tasks": tasks} if tasks else phase)
    if len(item_of) > _MOST_TASKS:
        raise PlanError.at(document.place(("phases",)), f"`each` makes more than {_MOST_TASKS} tasks")
    expanded = replace(
        document,
        value={**document.value, "phases": made},
        places=moved(document.places, moves),
        keys=moved(document.keys, moves),
        scopes=moved(document.scopes, moves),
    )
    return expanded, item_of, families


def name_families(data: dict[str, Any], families: Mapping[str, Sequence[Path_]]) -> None:
    """Replace the names of families among the needs of a plan's tasks by those of their tasks.

    Args:
        data: The plan, filled in, of whatever shape.
        families: The paths of each family's tasks.
    """
    name_groups(
        data,
        {
            name: [data["phases"][phase]["tasks"][number]["id"] for _, phase, _, number in paths]
            for name, paths in families.items()
        },
    )


def name_groups(data: dict[str, Any], groups: Mapping[str, list[Any]]) -> None:
    """Replace the names of groups among the needs of a plan's tasks by the ids of their tasks."""
    for _, task in tasks_in(data) if groups else ():
        named = several(task, "needs")
        if any(isinstance(need, str) and need in groups for need in named):
            # The first of a group takes its place, so that the others keep theirs.
            first = [
                members[:1] if (members := _members(need, groups)) is not None else [need] for need in named
            ]
            rest = [(_members(need, groups) or [])[1:] for need in named]
            task["needs"] = [need for part in (*first, *rest) for need in part]


def _members(need: Any, ids: Mapping[str, list[Any]]) -> list[Any] | None:
    return ids.get(need) if isinstance(need, str) else None


def _family(document: Document, task: dict[str, Any], at: Path_) -> str:
    name = _OF_ITEM.sub("*", str(task.get("id", "")))
    if "*" not in name:
        hint = "put the item into it: `id: load-${each}`, or `load-${each.name}`"
        place = document.place((*at, "id"))
        raise PlanError.at(place, f"all tasks of `each` would be called {shown(name)}", hint)
    return name


def _items(
    document: Document, task: dict[str, Any], at: Path_, look_up: Callable[[str, Scope], Any]
) -> list[Any]:
    place, written = document.place((*at, EACH)), task[EACH]

    def filled(text: str, path: Path_) -> Any:
        try:
            return fill(text, lambda name: look_up(name, document.scope(at)))
        except UndefinedError as error:
            found = error.place or document.place_of((*at, EACH, *path), error.reference)
            raise PlanError.at(found, error.cause, error.hint) from error

    value = each_text(written, filled)
    if not isinstance(value, list):
        hint = "write a list, or ${name} of a variable that is one"
        raise PlanError.at(place, f"`each` must be a list, not {shown(value)}", hint)
    return value


def _has_each(task: Any) -> bool:
    return isinstance(task, dict) and EACH in task
