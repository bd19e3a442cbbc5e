"""Outputs: what commands print, which later steps use as `${output.name}`.

A text that refers to outputs stays a template until its step runs. Until then the step has names in their
place, so that everything that asks a step what it is about can be told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.plan.substitute import REFERENCE, as_text, each_text, fill
from tui.plan.walk import steps_in

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Mapping

    from tui.plan.document import Document, Path_
    from tui.plan.model import Plan, Task
    from tui.plan.steps.base import StepBase

OUTPUT = "output"
_FIXED = {"kind", "when", "cluster", "output", "secret"}
"""The fields of a step that decide on more than the step itself."""


class Template(str):
    """A text with references to outputs; all others are filled in."""

    @property
    def names(self) -> list[str]:
        """The outputs that it refers to, as they are written in it."""
        found = (match["name"] for match in REFERENCE.finditer(self) if not match[0].startswith("$$"))
        return [name.partition(".")[2] for name in found if is_output(name)]


def is_output(name: str) -> bool:
    """Return whether a reference's name leads to an output."""
    return name == OUTPUT or name.startswith(f"{OUTPUT}.")


def template(text: str, look_up: Callable[[str], Any]) -> Template | None:
    """Return a text with all references filled in but those to outputs; None where it has none of these.

    Raises:
        UndefinedError: A reference leads nowhere.
    """
    if not Template(text).names:
        return None

    def filled(match: re.Match[str]) -> str:
        if match[0].startswith("$$") or is_output(match["name"]):
            return match[0]
        return as_text(fill(match[0], look_up)).replace("${", "$${")

    return Template(REFERENCE.sub(filled, text))


def may_be_used(path: Path_) -> bool:
    """Return whether a text at a path of a plan may refer to outputs: in a task's steps."""
    return path[4:5] == ("steps",) and len(path) > 6 and path[6] not in _FIXED


def filled_in(value: Any, look_up: Callable[[str], Any]) -> Any:
    """Return a step's data with its templates filled in.

    Args:
        value: The data.
        look_up: Returns an output's value by its name as it is written, without `output.`.
    """

    def changed(text: str, _: Path_) -> Any:
        if not isinstance(text, Template):
            return text
        return fill(text, lambda name: look_up(name.partition(".")[2]))

    return each_text(value, changed)


def templates(value: Any) -> list[tuple[Path_, Template]]:
    """Return a step's templates with their paths."""
    found: list[tuple[Path_, Template]] = []

    def keep(text: str, path: Path_) -> str:
        if isinstance(text, Template):
            found.append((path, text))
        return text

    each_text(value, keep)
    return found


def have_outputs(document: Document) -> bool:
    """Return whether a step of a plan says that it has an output."""
    return any(isinstance(step, dict) and OUTPUT in step for _, step in steps_in(document.value))


class Outputs:
    """The outputs of a plan.

    Attributes:
        makers: The task that makes each, and the place of the step in it, by its name in the whole plan.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.makers: dict[str, tuple[Task, int]] = {}
        self.twice: list[tuple[str, str, int]] = []
        for task in plan.tasks:
            for number, step in enumerate(task.steps):
                name = output_of(step)
                if name in self.makers:
                    self.twice.append((name, task.id, number))
                elif name:
                    self.makers[name] = task, number

    def names(self, step: StepBase) -> dict[str, str]:
        """Return the names of all outputs in the whole plan by those that a step can use."""
        found: dict[str, str] = {}
        for prefix in reversed(list(_prefixes(step))) if self.makers else ():
            found |= {name.removeprefix(prefix): name for name in self.makers if name.startswith(prefix)}
        return found

    def tree(self, step: StepBase, values: Mapping[str, str]) -> dict[str, Any]:
        """Return the values of outputs as variables for the files of a step.

        Args:
            step: The step.
            values: The values, by their names in the whole plan.
        """
        found: dict[str, Any] = {}
        for name, full in self.names(step).items():
            *groups, last = name.split(".")
            place = found
            for group in groups:
                place = place.setdefault(group, {})
            if full in values:
                place[last] = values[full]
        return {OUTPUT: found} if found else {}


def output_of(step: StepBase) -> str:
    """Return the name of a step's output in the whole plan; empty if it has none."""
    name: str = getattr(step, OUTPUT, None) or ""
    return step.scope.full(name) if name and step.scope is not None else name


def _prefixes(step: StepBase) -> Iterable[str]:
    """Return what is before the names of those outputs that a step can use, from the innermost on."""
    return [*(f"{name}." for name in (step.scope.names if step.scope else ())), ""]
