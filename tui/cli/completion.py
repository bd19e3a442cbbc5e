"""What a shell is told of plans, tasks, runs and machines when it completes a command."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.errors import BringupError

if TYPE_CHECKING:
    import click


def complete_plan(_: click.Context, __: click.Parameter, incomplete: str) -> list[Any]:
    """Bundled plans, and files."""
    from click.shell_completion import CompletionItem

    from tui.plan.bundled import bundled_plans

    names = [CompletionItem(name) for name in bundled_plans() if name.startswith(incomplete)]
    return [*names, CompletionItem(incomplete, type="file")]


def complete_task(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The tasks of the plan that is named before."""
    from tui.plan.bundled import find_plan
    from tui.plan.document import read_document

    with contextlib.suppress(BringupError, KeyError, TypeError):
        document = read_document(find_plan(context.params.get("plan"))).value
        tasks = [task["id"] for phase in document["phases"] for task in phase["tasks"]]
        return [task for task in tasks if task.startswith(incomplete)]
    return []


def complete_run(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """The runs that are kept, newest first."""
    from tui.run.store import Store

    with contextlib.suppress(BringupError):
        return [run.id for run in Store().runs() if run.id.startswith(incomplete)]
    return []


def complete_plan_or_run(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
    """Both."""
    from click.shell_completion import CompletionItem

    runs = [CompletionItem(run) for run in complete_run(context, parameter, incomplete)]
    return [*complete_plan(context, parameter, incomplete), *runs]


def complete_host(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """This machine, and the `Host`s of the user's SSH configuration."""
    from tui.plan.address import LOCAL

    names = [LOCAL]
    with contextlib.suppress(OSError, ValueError):
        for line in (Path.home() / ".ssh" / "config").read_text(encoding="utf-8").splitlines():
            word, *hosts = line.replace("=", " ", 1).split() or [""]
            names += hosts if word.lower() == "host" else []
    return [
        name for name in dict.fromkeys(names) if name.startswith(incomplete) and not set(name) & set("*?!")
    ]
