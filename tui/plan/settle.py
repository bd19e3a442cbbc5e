"""The parts of included plans in the whole plan: names of what their tasks need, and scopes of steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.plan.document import get, several
from tui.plan.each import name_groups
from tui.plan.outputs import templates
from tui.plan.scope import WrittenStep
from tui.plan.walk import items_at, tasks_in

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from tui.plan.document import Document, Path_
    from tui.plan.include import Included


def name_needs(data: dict[str, Any], document: Document, families: Iterable[str]) -> None:
    """Give what tasks of included plans need its name in the whole plan: their own tasks go first.

    Args:
        data: The plan, filled in, of whatever shape.
        document: The plan as it is written.
        families: The names of families of tasks.
    """
    tasks = _tasks(data)
    known = {str(task["id"]) for _, task in tasks if "id" in task} | {*families}
    known |= {name for path, _ in tasks for name in document.scope(path).names}
    for path, task in tasks:
        names = document.scope(path).names
        if names and (needs := several(task, "needs")):
            task["needs"] = [_resolved(need, names, known) for need in needs]


def _resolved(need: Any, names: Sequence[str], known: Container[str]) -> Any:
    if not isinstance(need, str):
        return need
    options = [*(f"{name}.{need}" for name in names), need]
    return next((option for option in options if option in known), options[0])


def name_wholes(data: dict[str, Any], document: Document, included: Sequence[Included]) -> None:
    """Replace the names of included plans among the needs of tasks by their last tasks.

    Args:
        data: The plan, filled in, of whatever shape.
        document: The plan as it is written.
        included: The plans that it includes.
    """
    all_ = ((document.scope(path).names, task) for path, task in _tasks(data))
    tasks = [(names, task) for names, task in all_ if isinstance(task.get("id"), str)]
    for each in reversed(included):  # inner ones first
        its = [task for names, task in tasks if each.name in names]
        needed = {need for task in its for need in several(task, "needs") if isinstance(need, str)}
        name_groups(data, {each.name: [task["id"] for task in its if task["id"] not in needed]})


def _tasks(data: dict[str, Any]) -> list[tuple[Path_, dict[str, Any]]]:
    return [(path, task) for path, task in tasks_in(data) if isinstance(task, dict)]


def settle(data: dict[str, Any], document: Document, included: Sequence[Included]) -> None:
    """Tell steps where they are written, and whether all of that is wanted.

    Args:
        data: The plan, filled in, of whatever shape.
        document: The plan as it is written.
        included: The plans that it includes.
    """
    whens = {each.name: get(data, (*each.path, "when")) for each in included}

    def choose(part: dict[str, Any], path: Path_) -> None:
        above = [whens[name] for name in document.scope(path).names if whens.get(name) is not None]
        if above:
            every = [*above, part["when"]] if "when" in part else above
            part["when"] = [flag for when in every for flag in (when if isinstance(when, list) else [when])]

    def settled(step: Any, path: Path_) -> Any:
        scope = document.scope(path)
        if isinstance(step, dict) and (scope.name or templates(step)):
            return WrittenStep(step, scope)
        return step

    for path, task in _tasks(data):
        choose(task, path)
        if isinstance(steps := task.get("steps"), list):
            task["steps"] = [settled(step, path) for step in steps]
    for key in ("failed", "down"):
        for path, step in items_at(data, (key,)):
            if isinstance(step, dict):
                choose(step, path)
                data[key][path[1]] = settled(step, path)
