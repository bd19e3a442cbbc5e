"""`bringup why`."""

from __future__ import annotations

import sys

import click

from tui.cli.completion import complete_run
from tui.cli.kept import moment, read, still_expected
from tui.cli.options import EPILOG, OUTPUT, errors, print_json, width


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
        expectation = still_expected(store, kept, state)
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
