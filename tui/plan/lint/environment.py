"""A rule on environment variables that a plan sets."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

from tui.plan.lint.remark import Remark
from tui.plan.steps.command import ProgramStep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.plan.faults import Place
    from tui.plan.lint.remark import Subject

_VARIABLE = re.compile(r"(?<!\$)\$\{?([A-Z_][A-Z0-9_]*)\b\}?")


def unexpanded(subject: Subject) -> Iterator[Remark]:
    """Remark on values of environment variables that hold a variable of the shell, which stays as it is."""
    for place, name, value in chain(_of_plan(subject), _of_commands(subject)):
        if found := _VARIABLE.search(value):
            text = f"{name} is set to a text with {found[0]} in it: no shell fills that in"
            hint = f"set it where a shell runs: {{kind: command, shell: '{name}=\"…{found[0]}\" make'}}"
            yield Remark(place, "not-filled-in", "fault" if found[1] == name else "advice", text, hint)


def _of_plan(subject: Subject) -> Iterator[tuple[Place, str, str]]:
    loaded = subject.loaded
    for name, value in loaded.plan.environment.items():
        yield loaded.document.place(("environment", name)), name, value


def _of_commands(subject: Subject) -> Iterator[tuple[Place, str, str]]:
    for at in subject.steps:
        if isinstance(at.step, ProgramStep):
            for name, value in at.step.env.items():
                yield subject.loaded.place(at.task.id, "steps", at.number, "env", name), name, value
