"""`bringup replay`."""

from __future__ import annotations

import sys

import click

from tui.cli.completion import complete_run
from tui.cli.options import EPILOG, errors


@click.command(epilog=EPILOG)
@click.argument("run", required=False, metavar="[RUN]", shell_complete=complete_run)
@click.option(
    "--speed",
    type=click.FloatRange(0.25, 64),
    default=1.0,
    show_default=True,
    help="How fast it plays; < and > change that.",
)
def replay(run: str | None, speed: float) -> None:
    """Play RUN, by default the latest, again in the dashboard, with its logs as they came.

    Space stops it, ← and → skip 5 s, [ and ] go from event to event, a click on the time axis goes there.
    The times shown are the run's, however fast it plays.
    """
    with errors():
        from tui.cli.show import draw, expecting
        from tui.console.person import why_no_dashboard
        from tui.dashboard.replay import Replay
        from tui.errors import BringupError
        from tui.run.store import LATEST, Store

        store = Store()
        kept = store.open(run or LATEST)
        if reason := why_no_dashboard():
            hint = f"see a moment of it by `bringup show {kept.id} --at 50%`"
            raise BringupError(f"a replay needs a screen: {reason}", hint)
        sys.exit(draw(Replay(kept.directory, speed, expecting(store, kept))))
