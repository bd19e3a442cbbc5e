"""What a shell is offered of plans, tasks, runs and machines when it completes a command."""

from __future__ import annotations

import contextlib
import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import click

    Complete = Callable[[click.Context, click.Parameter, str], list[Any]]


def _silent(complete: Complete) -> Complete:
    """Offer nothing where something is wrong: a traceback would land in the line that is being typed."""

    @functools.wraps(complete)
    def completed(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
        with contextlib.suppress(Exception):
            return complete(context, parameter, incomplete)
        return []

    return completed


@_silent
def complete_plan(_: click.Context, __: click.Parameter, incomplete: str) -> list[Any]:
    """Offer bundled plans, and files."""
    from click.shell_completion import CompletionItem

    from tui.plan.bundled import bundled_plans

    names = [CompletionItem(name) for name in bundled_plans() if name.startswith(incomplete)]
    return [*names, CompletionItem(incomplete, type="file")]


@_silent
def complete_task(context: click.Context, _: click.Parameter, incomplete: str) -> list[Any]:
    """Offer the tasks of the plan that is named before."""
    from tui.plan.bundled import find_plan
    from tui.plan.include import read_plan

    # Where an option lacks its value, click leaves the arguments before it unread.
    plan = context.params.get("plan") or next(iter(context.args), None)
    document = read_plan(find_plan(plan))[0].value
    tasks = [str(task["id"]) for phase in document["phases"] for task in phase["tasks"]]
    return [task for task in tasks if task.startswith(incomplete) and "${" not in task]


@_silent
def complete_step_kind(_: click.Context, __: click.Parameter, incomplete: str) -> list[Any]:
    """Offer the kinds of steps."""
    from tui.plan.steps import STEPS

    return [kind for kind in STEPS if kind.startswith(incomplete)]


@_silent
def complete_run(_: click.Context, __: click.Parameter, incomplete: str) -> list[Any]:
    """Offer the kept runs, newest first, or directories where a path is begun."""
    from click.shell_completion import CompletionItem

    from tui.run.store import COUNTED, Store

    if incomplete.startswith((".", "~")) or "/" in incomplete:
        return [CompletionItem(incomplete, type="dir")]
    names = (*COUNTED, *(run.id for run in Store().runs()))
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


@_silent
def complete_run_or_median(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
    """Offer the kept runs, and the median of several."""
    from click.shell_completion import CompletionItem

    from tui.run.store import MEDIAN

    median = [CompletionItem(MEDIAN)] if MEDIAN.startswith(incomplete) else []
    return [*median, *complete_run(context, parameter, incomplete)]


@_silent
def complete_run_task(context: click.Context, _: click.Parameter, incomplete: str) -> list[Any]:
    """Offer the tasks of the run that is named before, by default the latest, and after TASK/ its steps."""
    tasks = _tasks_of_run(context)
    task, slash, _step = incomplete.partition("/")
    if slash:
        steps = range(1, len(tasks.get(task, ())) + 1)
        return [name for name in map(f"{task}/{{}}".format, steps) if name.startswith(incomplete)]
    return [id_ for id_ in tasks if id_.startswith(incomplete)]


@_silent
def complete_run_need(context: click.Context, _: click.Parameter, incomplete: str) -> list[Any]:
    """Offer the tasks of the run that is named before, and after TASK: what it may need."""
    tasks = _tasks_of_run(context)
    task, colon, _need = incomplete.partition(":")
    names = [f"{task}:{need}" for need in tasks if need != task] if colon else list(tasks)
    return [name for name in names if name.startswith(incomplete)]


def _tasks_of_run(context: click.Context) -> dict[str, tuple[str, ...]]:
    from tui.run.store import LATEST, Store

    run = context.params.get("run") or next(iter(context.args), None) or LATEST
    phases = Store().open(run).started.phases
    return {task.id: task.steps for phase in phases for task in phase.tasks}


@_silent
def complete_plan_or_run(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
    """Offer both; to the program of `bringup run`, files."""
    if context.obj is not None:
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type="file")]
    return [
        *complete_plan(context, parameter, incomplete),
        *complete_run(context, parameter, incomplete),
    ]


@_silent
def complete_host(_: click.Context, __: click.Parameter, incomplete: str) -> list[Any]:
    """Offer this machine, and each `Host` of the user's SSH configuration."""
    from tui.plan.address import LOCAL

    names = [LOCAL]
    with contextlib.suppress(OSError, ValueError, RuntimeError):
        config = (Path.home() / ".ssh" / "config").read_text(encoding="utf-8", errors="replace")
        for line in config.splitlines():
            word, *hosts = line.replace("=", " ", 1).split() or [""]
            names += hosts if word.lower() == "host" else []
    return [
        name for name in dict.fromkeys(names) if name.startswith(incomplete) and not set(name) & set("*?!")
    ]
