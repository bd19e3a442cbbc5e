"""A run that a command carries out, shown to its end."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

import click

from tui.cli.options import FAILED, INTERRUPTED, PIPE, UP, width
from tui.console.streams import flush

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from tui.cli.asking import Detail
    from tui.console.style import Style
    from tui.insight.advice import Advice
    from tui.launch.launch import Launch
    from tui.launch.request import Request
    from tui.launch.run_handle import RunHandle
    from tui.run.state import RunState
    from tui.views.view import Name

    _Launching = Callable[[], AbstractContextManager[Launch]]


def choose_view(output: str, tui: bool | None) -> Name:
    """Choose a run's view: by default the dashboard in a terminal with a user, else lines."""
    from tui.console.person import is_set, why_no_dashboard

    if output == "json":
        return "json"
    reason = why_no_dashboard()
    if tui and reason:
        raise click.UsageError(f"--tui cannot be done: {reason}")
    wanted = tui if tui is not None else not is_set(os.environ, "CI")
    return "dashboard" if wanted and not reason else "text"


def show(
    launching: _Launching,
    request: Request,
    view: Name,
    output: str,
    detail: Detail,
    may_ask: bool,
    begun: Callable[[RunHandle], None] | None = None,
) -> int:
    """Show a run until it has finished, print its report, and return the exit code.

    Args:
        launching: Makes the run ready to start.
        request: What was asked for.
        view: What it is shown in at first.
        output: `text` or `json`.
        detail: What happens on connections.
        may_ask: Whether a machine over SSH may have something to ask.
        begun: Called once the run has begun.
    """
    from tui.console.style import Style, wants_colour
    from tui.launch.run_handle import RunHandle
    from tui.views.loop import show_run
    from tui.views.signals import on_stop

    style = Style(output == "text" and wants_colour(sys.stdout))
    run = RunHandle(_interruptible(launching) if may_ask else launching, request.plan)
    with on_stop(run.interrupt):
        try:
            if may_ask or begun is not None:  # ahead of the screen, which would cover it
                run.begin(here=True)
                if view == "dashboard":
                    detail.write_to(run.launch().folder / "ssh.log")
            if begun is not None:
                run.launch()
                begun(run)
            state = show_run(run, view, style)
        finally:  # whatever it is, nothing that was started may be left running
            clean = run.close()
    if state.started is not None and run.unread is None:
        _conclude(run, state, output, style)
    code = _code(run, state)
    if not clean:  # or else the interpreter waits for what is blocked
        flush()
        os._exit(code)
    return code


def _conclude(run: RunHandle, state: RunState, output: str, style: Style) -> None:
    """Print a run's report; in a job of GitHub Actions leave what it shows of a run."""
    from tui.console.github import in_github, neutral

    is_job = in_github()
    if output == "text":
        from tui.console.report import report

        for line in report(state, run.stands, style, width(), advice=_advice(run, state)):
            print(neutral(line) if is_job else line)  # not by click, which makes ASCII UTF-8
    if is_job:
        from tui.cli.job import tell_job

        tell_job(run, state, output)


def _advice(run: RunHandle, state: RunState) -> Advice | None:
    """Return what is advised first after a run that came up."""
    if state.result != "succeeded" or state.started is None:
        return None
    from tui.cli.advise import first_advice
    from tui.run.kept_run import KeptRun

    launch = run.launch()
    return first_advice(KeptRun(launch.folder, state.started))


def _interruptible(launching: _Launching) -> _Launching:
    """Let a signal end what is done ahead of a run, such as connecting: there is nothing to cancel yet."""

    @contextlib.contextmanager
    def launched() -> Iterator[Launch]:
        from tui.views.signals import interruptible

        with contextlib.ExitStack() as stack:
            with interruptible():
                launch = stack.enter_context(launching())
            yield launch

    return launched


def _code(run: RunHandle, state: RunState) -> int:
    """Return the exit code of a run that has finished, or never began."""
    if run.unread is not None:
        return PIPE if isinstance(run.unread, BrokenPipeError) else FAILED
    if run.interrupts and state.outcome in (None, "cancelled"):
        return INTERRUPTED
    return UP if state.outcome == "succeeded" else FAILED
