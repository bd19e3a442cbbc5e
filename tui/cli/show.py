"""`bringup show`."""

from __future__ import annotations

import datetime
import re
import sys
from typing import TYPE_CHECKING

import click

from tui.cli.completion import complete_run
from tui.cli.durations import parse_duration
from tui.cli.kept import expected
from tui.cli.options import EPILOG, FAILED, OUTPUT, UP, errors, print_json

if TYPE_CHECKING:
    from tui.dashboard import kept_run
    from tui.errors import BringupError
    from tui.run.kept_run import KeptRun

_TIME_OF_DAY = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")


@click.command(epilog=EPILOG)
@click.argument("run", required=False, metavar="[RUN]", shell_complete=complete_run)
@click.option(
    "--at", metavar="TIME", help="As it stood at a moment: 1:05, 65s, 50%, or a time of day, 14:39."
)
@OUTPUT
@click.option("--tui/--no-tui", "tui", default=None, help="Show the dashboard, or the report.")
@click.option("--served", is_flag=True, hidden=True, help="Pass commands on to the process that serves it.")
def show(run: str | None, at: str | None, output: str, tui: bool | None, served: bool) -> None:
    """Show RUN, by default the latest, in the dashboard: it can be looked at, and not changed.

    Without a terminal its report is printed. A run that another process goes on with is followed.
    """
    with errors():
        import math

        from tui.cli.shown import choose_view
        from tui.run.store import LATEST, Store

        store = Store()
        kept = store.open(LATEST if run is None else run)
        moment = math.inf if at is None else _moment(at, kept)
        if choose_view(output, tui) == "dashboard":
            from tui.dashboard.kept_run import KeptRun
            from tui.dashboard.served_run import ServedRun

            of = ServedRun if served else KeptRun
            shown = of(kept.directory, moment, expect=lambda: expected(store, kept), started=kept.started)
            sys.exit(draw(shown))

        from tui.cli.look import print_report
        from tui.run.journal import read_state
        from tui.run.standing import Stands

        state = read_state(kept.directory, moment)
        then = state.result is None and at is not None
        down = None if at is not None else store.taken_down_by(kept)
        stands = Stands(
            journal=str(kept.directory), running=then or kept.is_running, taken_down=down is not None
        )
        if output == "json":
            from tui.console.in_full import in_full

            print_json(in_full(kept, stands, state))
        else:
            print_report(kept, stands, state)


def draw(run: kept_run.KeptRun) -> int:
    """Show a run in the dashboard; return the exit code."""
    from tui.views.dashboard import show_kept

    fault = show_kept(run)
    if fault is not None:
        click.echo(f"error: the dashboard crashed with {type(fault).__name__}", err=True)
        click.echo("  hint: please report this; --no-tui does without the dashboard", err=True)
    return FAILED if fault else UP


def _moment(text: str, run: KeptRun) -> float:
    """Return a moment of a run, in seconds since it began.

    Args:
        text: A time since then, a percentage of all of it, or a time of day here.
        run: The run.

    Raises:
        BringupError: It is none of these, or outside of the run.
    """
    from tui.run.journal import last_moment

    end = last_moment(run.directory)
    if match := re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", text.strip()):
        moments: list[float | None] = [end * (float(match[1]) / 100)]  # so that 100 % is the end
    else:
        moments = [parse_duration(text), _time_of_day(text, run)]
    found = next((moment for moment in moments if moment is not None and moment <= end), None)
    if found is None:
        raise _no_moment(text, run, end)
    return found


def _time_of_day(text: str, run: KeptRun) -> float | None:
    """Return when it first was some time of day here since a run began; None if the text is none."""
    match, began = _TIME_OF_DAY.fullmatch(text.strip()), _began(run)
    if match is None or began is None or int(match[1]) > 23 or int(match[2]) > 59 or int(match[3] or 0) > 59:
        return None
    then = began.replace(hour=int(match[1]), minute=int(match[2]), second=int(match[3] or 0))
    if then < began.replace(second=began.second if match[3] else 0):
        then += datetime.timedelta(days=1)
    return max((then - began).total_seconds(), 0.0)


def _began(run: KeptRun) -> datetime.datetime | None:
    """Return when a run began, as a clock here showed it; None where its journal does not tell."""
    from tui.run.summary import began_at

    began = began_at(run.started.started)
    return datetime.datetime.fromtimestamp(began).astimezone() if began else None


def _no_moment(text: str, run: KeptRun, end: float) -> BringupError:
    from tui.errors import BringupError
    from tui.text import clock

    day = ""
    if began := _began(run):
        day = f", or a time from {began:%H:%M:%S} to {began + datetime.timedelta(seconds=end):%H:%M:%S}"
    hint = f"name one from 0:00 to {clock(end)}, a percentage{day}"
    return BringupError(f"--at {text}: run {run.id} has no such moment", hint)
