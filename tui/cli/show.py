"""A run that a command carries out, shown to its end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from tui.cli.options import FAILED, INTERRUPTED, UP, width

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tui.cli.asking import Detail
    from tui.launch.launch import Launch
    from tui.launch.request import Request
    from tui.views.loop import View


def choose_view(output: str, tui: bool | None) -> View:
    """What a run is shown in: the dashboard where a person looks on, unless told otherwise."""
    import os

    if output == "json":
        return "json"
    person = sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    if tui and not person:
        raise click.UsageError("--tui needs a terminal to draw on and to read keys from")
    return "dashboard" if person and (tui or (tui is None and not os.environ.get("CI"))) else "text"


def show(
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
