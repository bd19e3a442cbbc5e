"""Plans written for tests, and where in them a fault is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tui.plan.faults import Place, PlanError
from tui.plan.load import load_plan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tui.plan.faults import Fault
    from tui.plan.load import LoadedPlan

MARK = "▶"
HEAD = "apiVersion: bringup/v1\nname: demo\n"
CLUSTER = "cluster: {name: demo, kubeconfig: config}\n"
STEPS = "        steps: [{kind: command, shell: 'true'}]\n"


def one_task(task: str, top: str = "", steps: str = STEPS) -> str:
    """A plan of one task `first` with further lines; `top` has further keys of the plan."""
    lines = "".join(f"        {line}\n" for line in task.splitlines())
    return f"{HEAD}{top}phases:\n  - id: one\n    tasks:\n      - id: first\n{lines}{steps}"


def one_step(step: str, top: str = CLUSTER) -> str:
    """A plan of one step, written in one line."""
    return one_task("", top, f"        steps:\n          - {step}\n")


def write(folder: Path, text: str, name: str = "plan.yaml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.replace(MARK, ""), encoding="utf-8")
    return path


def load(folder: Path, text: str, files: Sequence[Path] = (), settings: Sequence[str] = ()) -> LoadedPlan:
    return load_plan(write(folder, text), files, settings)


def faults_of(path: Path, files: Sequence[Path] = (), settings: Sequence[str] = ()) -> tuple[Fault, ...]:
    with pytest.raises(PlanError) as caught:
        load_plan(path, files, settings)
    return caught.value.faults


def marked(text: str, file: str) -> list[Place]:
    """The places that are marked in a text."""
    places = []
    for number, line in enumerate(text.splitlines(), 1):
        parts = line.split(MARK)
        places += [Place(file, number, sum(map(len, parts[:i])) + 1) for i in range(1, len(parts))]
    return places
