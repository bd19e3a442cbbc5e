"""A plan as a tree, and what lint says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.secrets import Masker, masked
from tui.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tui.console.style import Style
    from tui.plan.lint import Remark
    from tui.plan.load import LoadedPlan
    from tui.plan.model import Task


def tree(loaded: LoadedPlan, style: Style) -> Iterator[str]:
    """A plan's phases, tasks, needs and steps, and its hosts."""
    plan, masker = loaded.plan, Masker(loaded.plan.secret_values)
    yield style(plan.title or plan.name, "strong") + style(f"  {plan.name} · {loaded.document.file}", "dim")
    for number, phase in enumerate(plan.phases, 1):
        yield f"{number} {style(phase.name, 'strong')}"
        for task in phase.tasks:
            last = task is phase.tasks[-1]
            yield f"  {'└─' if last else '├─'} {task.name}  {style(_facts(task), 'dim')}".rstrip()
            for step in task.steps:
                bar = " " if last else "│"
                yield style(f"  {bar}     {'└' if step is task.steps[-1] else '├'} ", "dim") + masker.mask(
                    step.describe()
                )
    wide = max(map(len, plan.hosts), default=0)
    for name, address in plan.hosts.items():
        yield f"{name:<{wide}}  {style(masker.mask(address), 'dim')}"
    if plan.limit:
        yield style(f"at most {plan.limit} tasks at once", "dim")


def _facts(task: Task) -> str:
    facts = [task.id]
    facts += [f"on {task.host}"] if task.host else []
    facts += [f"needs {', '.join(task.needs)}"] if task.needs else []
    facts += [f"timeout {task.timeout:g} s"] if task.timeout is not None else []
    facts += [f"up to {task.retry.attempts} attempts"] if task.retry else []
    return " · ".join(facts)


def as_data(loaded: LoadedPlan) -> dict[str, Any]:
    """A plan as JSON-like data, secrets masked."""
    data = loaded.plan.model_dump(mode="json", by_alias=True, exclude_none=True)
    shown: dict[str, Any] = masked(data, Masker(loaded.plan.secret_values))
    return shown


def remarks(found: Sequence[Remark], style: Style) -> Iterator[str]:
    """What lint found, a remark with its hint each."""
    for remark in found:
        kind = "failed" if remark.level == "fault" else "warning"
        yield f"{remark.place}: {style(remark.level, kind)}: {remark.text} [{remark.rule}]"
        yield f"  hint: {remark.hint}"
    faults = sum(remark.level == "fault" for remark in found)
    advice = len(found) - faults
    yield (
        f"{plural(faults, 'fault')}, {plural(advice, 'piece')} of advice" if found else "nothing to remark"
    )
