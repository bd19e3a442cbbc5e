"""`bringup why`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from tui.cli.completion import complete_run
from tui.cli.options import EPILOG, OUTPUT, errors, print_json, width

if TYPE_CHECKING:
    from tui.insight.expectation import Expectation
    from tui.run.kept_run import KeptRun
    from tui.run.state import RunState
    from tui.run.store import Store


@click.command(epilog=EPILOG)
@click.argument("run", required=False, metavar="[RUN]", shell_complete=complete_run)
@OUTPUT
def why(run: str | None, output: str) -> None:
    """Tell why RUN, by default the latest, took as long as it did.

    The verdict comes first; then its steps, those that would save the most first.
    """
    with errors():
        from tui.insight.forecast import forecast
        from tui.insight.pace import paced
        from tui.insight.why import why_run
        from tui.insight.why_sections import why_sections
        from tui.run.store import LATEST, Store

        store = Store()
        kept = store.open(LATEST if run is None else run)
        state = read(kept)
        expectation = expected(store, kept, state)
        now = moment(kept, state)
        ahead = forecast(state, paced(state, expectation, now), now)
        cut_off = state.ended_at is None and not kept.is_running
        answer = why_run(state, now, expectation, ahead, cut_off=cut_off)
        if output == "json":
            from tui.console.why import as_data

            print_json({"run": kept.id, "plan": kept.started.plan, **as_data(answer)})
            return
        from tui.console.style import Style, wants_colour
        from tui.console.why import text

        style = Style(wants_colour(sys.stdout))
        for line in text(answer.verdict, why_sections(answer, state), style, width()):
            click.echo(line, color=True)


def read(kept: KeptRun) -> RunState:
    """Return a kept run as it ended or stands.

    Raises:
        BringupError: Its journal cannot be read, or does not tell how the run began.
    """
    from tui.errors import BringupError

    try:
        state = kept.state
    except OSError as error:
        raise BringupError(f"run {kept.id}: its journal cannot be read: {error.strerror}") from error
    if state.started is None:
        raise BringupError(f"run {kept.id}: its journal is damaged", "name another run")
    return state


def expected(store: Store, kept: KeptRun, state: RunState) -> Expectation:
    """Return how long things took before, where a run goes on: one that has finished needs none of that."""
    from tui.insight.expectation import EMPTY, Expectation

    if state.ended_at is not None or not kept.is_running:
        return EMPTY
    started = kept.started
    return Expectation.of(
        store.recent_states(started.plan, started.environment, current=kept.id, mode=started.mode)
    )


def moment(kept: KeptRun, state: RunState) -> float:
    """Return the moment that a run is looked at: its end, the last that is known of it, or now."""
    import datetime

    if state.ended_at is not None:
        return state.ended_at
    if not kept.is_running:
        return state.at
    began = datetime.datetime.fromisoformat(kept.started.started)
    return max((datetime.datetime.now(datetime.UTC) - began).total_seconds(), state.at)
