"""`bringup race`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from tui.cli.completion import complete_run
from tui.cli.filming import Files, film_options, write
from tui.cli.kept import check_begun, reading
from tui.cli.options import EPILOG, FAILED, UP, Number, errors

if TYPE_CHECKING:
    from tui.dashboard.film.film import Film
    from tui.run.kept_run import KeptRun
    from tui.run.moments import Moments
    from tui.run.store import Store

_MOST = 3
_MODES = ("sequential", "parallel", "eager")


@click.command(epilog=EPILOG)
@click.argument("runs", nargs=-1, metavar="[A B [C] | PLAN]", shell_complete=complete_run)
@click.option("--speed", type=Number(0.25, 64), help="How fast it plays; < and > change that. [4]")
@film_options
def race(runs: tuple[str, ...], speed: float | None, **files: Any) -> None:
    """Replay two or three runs beside each other, on one clock: who is up first, and by how much?

    With PLAN, or without an argument, the latest run of each mode that came up.

    Space stops it, ← and → skip 5 s, [ and ] go from event to event, a click on a lane goes there.
    A film takes 15 s unless its speed is given.
    """
    with errors():
        from tui.console.person import why_no_dashboard
        from tui.errors import BringupError
        from tui.run.store import Store

        racing, wanted = chosen(Store(), runs), Files(**files)
        if wanted.wanted():
            write(_film(racing, speed, wanted.size), wanted)
            return
        if reason := why_no_dashboard():
            raise BringupError(f"a race needs a screen: {reason}", "write a film of it by `--svg FILE`")

        from tui.dashboard.playhead import Playhead
        from tui.dashboard.race import Race
        from tui.views.dashboard import drawn

        read = moments(racing)
        fault = drawn(lambda: Race(read, Playhead(speed=speed or 4.0))).fault
        if fault is not None:
            click.echo(f"error: the race crashed with {type(fault).__name__}", err=True)
            click.echo("  hint: please report this", err=True)
        sys.exit(FAILED if fault else UP)


def _film(racing: list[KeptRun], speed: float | None, size: tuple[int, int]) -> Film:
    from tui.dashboard.film.shoot import shoot
    from tui.dashboard.playhead import Playhead
    from tui.dashboard.race import Race

    app = Race(moments(racing), Playhead())
    return shoot(app, app.draw, app, size, speed)


def chosen(store: Store, references: tuple[str, ...]) -> list[KeptRun]:
    """Return the runs that race.

    Args:
        store: Where they are kept.
        references: Two or three runs, or a plan, or nothing for the plan here.

    Raises:
        BringupError: There are no such, or it is no race.
    """
    from tui.errors import BringupError

    if not references or (len(references) == 1 and not store.leads_to_run(references[0])):
        return _of_each_mode(store, *references)
    if not 2 <= len(references) <= _MOST:
        raise BringupError("a race is of two or three runs", "name them, or a plan for one of each mode")
    return [store.open(each) for each in references]


def _of_each_mode(store: Store, plan: str | None = None) -> list[KeptRun]:
    """Return the latest run of each mode after which a plan was up; rehearsals where others are too few."""
    from tui.errors import BringupError
    from tui.launch.request import Request, plan_name
    from tui.run.summary import REHEARSAL

    summaries = [each for each in store.listing().summaries if each.outcome == "succeeded" and each.is_whole]
    name = plan if plan in {each.plan for each in summaries} else plan_name(Request(plan))
    wanted = [each for each in summaries if each.plan == name and each.purpose == "up"]
    for rehearsed in (False, True):
        latest = {
            each.mode: each.name
            for each in reversed(wanted)
            if (each.environment == REHEARSAL) == rehearsed and each.mode in _MODES
        }
        if len(latest) > 1:
            return [store.open(latest[mode]) for mode in _MODES if mode in latest]
    hint = "bring it up in another mode by `bringup up --mode`, or rehearse it with `--env rehearsal`"
    raise BringupError(f"plan {name!r} came up in one mode at most, as far as its kept runs tell", hint)


def moments(racing: list[KeptRun]) -> list[tuple[str, Moments]]:
    """Return each run's id and states.

    Raises:
        BringupError: A journal cannot be read, or does not tell how its run began.
    """
    from tui.run.journal import read_events
    from tui.run.moments import Moments

    found = []
    for run in racing:
        with reading(run):
            each = Moments(read_events(run.directory))
        check_begun(run, each.last)
        found.append((run.id, each))
    return found
