"""Bringing up and taking down, and keeping the way to what was brought up elsewhere."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from tui.cli.asking import Detail, terminal
from tui.cli.options import (
    EPILOG,
    FAILED,
    INTERRUPTED,
    OUTPUT,
    UP,
    environment_options,
    errors,
    host_options,
    plan_options,
    width,
)
from tui.completion import complete_run, complete_task

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tui.launch.launch import Launch
    from tui.launch.request import Request
    from tui.views.loop import View

MODES = ("parallel", "sequential", "eager")


@click.command(epilog=EPILOG)
@plan_options
@environment_options
@host_options
@OUTPUT
@click.option(
    "--mode", type=click.Choice(MODES), help="parallel (default): phases are barriers; eager: only needs are."
)
@click.option(
    "--from",
    "begin",
    metavar="TASK",
    shell_complete=complete_task,
    help="Take all tasks before TASK as done.",
)
@click.option(
    "--only", multiple=True, metavar="TASK", shell_complete=complete_task, help="Run only these tasks."
)
@click.option(
    "--resume",
    is_flag=False,
    flag_value="",
    metavar="[RUN]",
    shell_complete=complete_run,
    help="Take up what the latest run, or RUN, left undone.",
)
@click.option(
    "--speed", type=click.FloatRange(0.01, 1000), default=1.0, help="Rehearsal: how many times as fast."
)
@click.option("--fail", multiple=True, metavar="TASK[:ATTEMPTS]", help="Rehearsal: make a task fail.")
@click.option(
    "--recording", metavar="RUN|FOLDER", shell_complete=complete_run, help="Rehearsal: of which run."
)
@click.option(
    "--tui/--no-tui",
    "tui",
    default=None,
    help="The dashboard, or lines; default: a terminal gets the dashboard.",
)
def up(
    output: str, tui: bool | None, verbose: bool, fail: tuple[str, ...], only: tuple[str, ...], **given: Any
) -> None:
    """Bring an environment up."""
    with errors(), Detail(verbose) as detail:
        from tui.launch.request import Request, may_go_elsewhere, selected

        request = Request(fail=_failures(fail), only=selected(only), **given)
        view = _view(output, tui)

        def launching() -> AbstractContextManager[Launch]:
            from tui.launch.launch import launch_up

            return launch_up(request, stay=view == "dashboard", prompter=terminal())

        may_ask = may_go_elsewhere(request)
        sys.exit(_show(launching, request, view, output, detail, may_ask))


@click.command(epilog=EPILOG)
@plan_options
@host_options
@OUTPUT
def down(output: str, verbose: bool, **given: Any) -> None:
    """Take an environment away again, from where it was last brought up."""
    with errors(), Detail(verbose) as detail:
        from tui.launch.request import Request

        request = Request(environment="kind", **given)

        def launching() -> AbstractContextManager[Launch]:
            from tui.launch.launch import launch_down

            return launch_down(request, prompter=terminal())

        # Where it leads is known from the latest run, when that has been looked up.
        sys.exit(_show(launching, request, _view(output, False), output, detail, may_ask=True))


@click.command()
@click.argument("run", required=False, metavar="[RUN]", shell_complete=complete_run)
@click.option("--verbose", "-v", is_flag=True, help="Tell what happens on the connection.")
def tunnel(run: str | None, verbose: bool) -> None:
    """Keep the ports of a run on another machine open here, until Ctrl-C.

    RUN is a run's id; without one, the latest that was brought up over SSH.
    """
    with errors(), Detail(verbose):
        import asyncio

        from tui.launch.tunnel import hold_open

        asyncio.run(hold_open(run, terminal(), click.echo))
        sys.exit(UP)


def _view(output: str, tui: bool | None) -> View:
    """What a run is shown in: the dashboard where a person looks on, unless told otherwise."""
    import os

    if output == "json":
        return "json"
    person = sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    if tui and not person:
        raise click.UsageError("--tui needs a terminal to draw on and to read keys from")
    return "dashboard" if person and (tui or (tui is None and not os.environ.get("CI"))) else "text"


def _failures(given: tuple[str, ...]) -> dict[str, int]:
    found = {}
    for text in given:
        task, colon, attempts = text.partition(":")
        if colon and not attempts.isdigit():
            raise click.BadParameter(f"{text!r} is not TASK or TASK:ATTEMPTS", param_hint="--fail")
        found[task] = int(attempts) if colon else 1
    return found


def _show(
    launching: Callable[[], AbstractContextManager[Launch]],
    request: Request,
    view: View,
    output: str,
    detail: Detail,
    may_ask: bool,
) -> int:
    """Shows a run to its end, reports it, and returns the exit code."""
    from tui.console.style import Style, wants_colour
    from tui.launch.run_handle import RunHandle
    from tui.views.loop import ViewLoop

    style = Style(output == "text" and wants_colour(sys.stdout))
    opening = RunHandle(launching, request.plan)
    try:
        if may_ask:  # ahead of the screen, which would cover it
            opening.begin(here=True)
            if view == "dashboard":
                detail.write_to(opening.launch().folder / "ssh.log")
        state = ViewLoop(opening, style, can_switch=view == "dashboard").run(view)
    finally:  # whatever it is, nothing that was started may be left running
        opening.close()
    if output == "text" and state.started is not None:
        from tui.console.report import report, standing

        launch = opening.launch()
        for line in report(state, standing(launch.loaded.plan, str(launch.folder)), style, width()):
            click.echo(line, color=style.colour)
    if opening.interrupts:
        return INTERRUPTED
    return UP if state.outcome == "succeeded" else FAILED
