"""`bringup up`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from tui.cli.asking import Detail, terminal
from tui.cli.completion import complete_run, complete_task
from tui.cli.options import EPILOG, OUTPUT, Number, environment_options, errors, host_options, plan_options
from tui.cli.shown import choose_view, show

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tui.launch.launch import Launch
    from tui.launch.request import Request

MODES = ("parallel", "sequential", "eager")
_OPTIONS = (
    click.option(
        "--mode",
        type=click.Choice(MODES),
        help="parallel (default): phases are barriers; eager: only needs are.",
    ),
    click.option(
        "--prefetch/--no-prefetch",
        "prefetch",
        default=None,
        help="Pull, build and load images ahead of their tasks, as early as can be."
        " By default in eager mode.",
    ),
    click.option(
        "--from",
        "begin",
        metavar="TASK",
        shell_complete=complete_task,
        help="Start at TASK; take all tasks before it as done.",
    ),
    click.option(
        "--only",
        multiple=True,
        metavar="TASK",
        shell_complete=complete_task,
        help="Run only these tasks; `load-*` are all that begin so.",
    ),
    click.option(
        "--resume",
        is_flag=False,
        flag_value="latest",
        metavar="[RUN]",
        shell_complete=complete_run,
        help="Resume the plan's latest run, or RUN.",
    ),
    click.option(
        "--allow-context",
        metavar="NAME",
        help="Allow the plan's context, which may not be local, from now on. See `bringup contexts`.",
    ),
    click.option(
        "--from-snapshot",
        "snapshot",
        default="auto",
        metavar="auto|never|ID",
        help="Where the cluster is not there, restore it from a snapshot that fits, from none, or from ID."
        " See `bringup snapshot`.",
    ),
    click.option("--speed", type=Number(0.01, 1000), default=1.0, help="Rehearsal: how many times as fast."),
    click.option("--fail", multiple=True, metavar="TASK[:ATTEMPTS]", help="Rehearsal: make a task fail."),
    click.option(
        "--recording", metavar="RUN", shell_complete=complete_run, help="Rehearsal: which kept run."
    ),
)


def run_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add to a command what can be asked of a run that brings a plan up."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return environment_options(host_options(command))


def asked(fail: tuple[str, ...], only: tuple[str, ...], **given: Any) -> Request:
    """Return what is asked for by these options."""
    from tui.launch.request import Request, selected

    return Request(fail=_failures(fail), only=selected(only), **given)


@click.command(epilog=EPILOG)
@plan_options
@run_options
@OUTPUT
@click.option(
    "--tui/--no-tui",
    "tui",
    default=None,
    help="Show the dashboard, or lines; by default the dashboard in a terminal.",
)
def up(output: str, tui: bool | None, verbose: bool, **given: Any) -> None:
    """Bring an environment up."""
    with errors(), Detail(verbose) as detail:
        from tui.launch.request import may_go_elsewhere

        request = asked(**given)
        view = choose_view(output, tui)

        def launching() -> AbstractContextManager[Launch]:
            from tui.launch.launch import launch_up

            return launch_up(request, stay=view == "dashboard", prompter=terminal())

        may_ask = may_go_elsewhere(request)
        sys.exit(show(launching, request, view, output, detail, may_ask))


def _failures(given: tuple[str, ...]) -> dict[str, int]:
    found = {}
    for text in given:
        task, colon, attempts = text.partition(":")
        if colon and not attempts.isdigit():
            raise click.BadParameter(f"{text!r} is not TASK or TASK:ATTEMPTS", param_hint="--fail")
        found[task] = int(attempts) if colon else 1
    return found
