"""`bringup replay`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from tui.cli.completion import complete_run
from tui.cli.filming import Files, film_options, write
from tui.cli.kept import expected
from tui.cli.options import EPILOG, Number, errors

if TYPE_CHECKING:
    from tui.dashboard.film.film import Film
    from tui.run.kept_run import KeptRun


@click.command(epilog=EPILOG)
@click.argument("run", required=False, metavar="[RUN]", shell_complete=complete_run)
@click.option("--speed", type=Number(0.25, 64), help="How fast it plays; < and > change that. [1]")
@film_options
def replay(run: str | None, speed: float | None, **files: Any) -> None:
    """Play RUN, by default the latest, again in the dashboard, with its logs as they came.

    Space stops it, ← and → skip 5 s, [ and ] go from event to event, a click on the time axis goes there.
    The times shown are the run's, however fast it plays. A film takes 15 s unless its speed is given.
    """
    with errors():
        from tui.cli.show import draw
        from tui.console.person import why_no_dashboard
        from tui.errors import BringupError
        from tui.run.store import LATEST, Store

        store = Store()
        kept, wanted = store.open(run or LATEST), Files(**files)
        if wanted.wanted():
            write(_film(kept, speed, wanted.size), wanted)
            return
        if reason := why_no_dashboard():
            hint = f"see a moment of it by `bringup show {kept.id} --at 50%`, or write a film by `--svg FILE`"
            raise BringupError(f"a replay needs a screen: {reason}", hint)

        from tui.dashboard.replay import Replay

        sys.exit(draw(Replay(kept.directory, speed or 1.0, lambda: expected(store, kept))))


def _film(kept: KeptRun, speed: float | None, size: tuple[int, int]) -> Film:
    from tui.dashboard.app import Dashboard
    from tui.dashboard.film.shoot import shoot
    from tui.dashboard.replay import Replay

    replay = Replay(kept.directory)
    app = Dashboard(replay, replay.model())
    return shoot(app, app.draw, replay, size, speed)
