"""`bringup runs`, `runs prune` and `runs keep`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from tui.cli.completion import complete_plan, complete_run
from tui.cli.durations import Duration
from tui.cli.group import WithDefault
from tui.cli.options import EPILOG, OUTPUT, PLAN, Number, errors, print_json, wide

if TYPE_CHECKING:
    from tui.run.listing import Listing
    from tui.run.store import Store
    from tui.run.summary import Summary

_DAY = 86_400
_LEARNT = 10  # runs that a forecast learns from


@click.group(cls=WithDefault, default="list", complete=complete_plan, epilog=EPILOG)
def runs() -> None:
    """List the kept runs, newest first; `bringup runs PLAN` those of a plan.

    `bringup runs list --help` tells the options of that.
    """


@runs.command("list")
@PLAN
@OUTPUT
@click.option("--since", type=Duration("7d"), metavar="AGE", help="Only runs that began since: 7d, 12h, 30m.")
@click.option("--estimates", is_flag=True, help="Tell how well the end of each was foretold while it went.")
def list_runs(plan: str | None, output: str, since: float | None, estimates: bool) -> None:
    """List the kept runs, newest first (the default).

    `vs usual` is the difference from the median of the last 20 like runs, where three are kept: runs of the
    same plan, mode, environment and machines that found as much of their work done. The bars are the last
    ten of these.
    """
    with errors():
        import time

        from tui.console.runs import skipped, table
        from tui.insight.history import History
        from tui.insight.run_list import in_list, listed
        from tui.run.store import Store

        store = Store()
        listing = store.listing()
        history = History(listing.summaries)
        name = None if plan is None else _plan_name(plan, listing)
        after = 0.0 if since is None else time.time() - since
        found = listed(listing, name, after)
        if estimates:
            _print_estimates(store, [each.summary for each in found], output)
            return
        if output == "json":
            _print_lines([in_list(each, history) for each in found])
            return
        from tui.console.style import Style, wants_colour

        nothing = ["no such run is kept" if listing.summaries else "no run is kept"]
        lines = table(found, history, Style(wants_colour(sys.stdout)), wide()) if found else nothing
        click.echo("\n".join((*lines, *skipped(listing.skipped))), color=True)


@runs.command()
@click.option("--keep", "count", type=click.IntRange(0), metavar="N", help="Keep the newest N.")
@click.option("--older-than", type=Duration("30d"), metavar="AGE", help="Delete what is older: 30d, 12h.")
@click.option("--over", type=Number(0), metavar="GB", help="Delete what is beyond a size of all.")
@click.option("--dry-run", is_flag=True, help="Delete nothing, and tell what would be.")
def prune(count: int | None, older_than: float | None, over: float | None, dry_run: bool) -> None:
    """Delete old runs: those beyond the given limits, or else beyond the usual ones.

    The usual limits are those that hold after each run: BRINGUP_KEEP_RUNS (200), BRINGUP_KEEP_DAYS (90) and
    BRINGUP_KEEP_GIGABYTES (5). Left alone are runs that still go on, runs that `bringup runs keep` has
    marked, and the last run of each plan that came up.
    """
    with errors():
        from math import inf

        from tui.errors import BringupError
        from tui.run import pruning
        from tui.run.store import Store
        from tui.text import amount, plural

        limits = pruning.Limits.from_environment()
        if {count, older_than, over} != {None}:
            limits = pruning.Limits(
                inf if count is None else count,
                inf if older_than is None else older_than / _DAY,
                inf if over is None else over,
            )
        store = Store()
        found = wanted = pruning.prunable(store, limits)
        if not dry_run:
            found = pruning.prune(store, limits)
        for each in found:
            click.echo(f"{'would delete' if dry_run else 'deleted'} {each.run}  {each.plan}")
        size = amount(sum(each.size for each in found), None, "B")
        click.echo(
            f"{plural(len(found), 'run')} {'would be ' * dry_run}deleted, {size}"
            if wanted
            else "nothing to delete"
        )
        if left := len(wanted) - len(found):
            raise BringupError(f"{plural(left, 'run')} cannot be deleted", f"look who owns {store.root}")


@runs.command()
@click.argument("run", metavar="RUN", shell_complete=complete_run)
@click.option("--undo", is_flag=True, help="Take the mark away again.")
def keep(run: str, undo: bool) -> None:
    """Mark RUN as one that pruning never deletes.

    A marked run's journal is protected from writing, and lists show it with a star.
    """
    with errors():
        from tui.errors import BringupError
        from tui.run.store import Store

        found = Store().open(run)
        try:
            found.keep(not undo)
        except OSError as error:
            cause = f"run {found.id} cannot be marked: {error.strerror}"
            raise BringupError(cause, f"look who owns {found.directory}") from error
        click.echo(f"run {found.id} is {'pruned like any other again' if undo else 'kept'}")


def _print_estimates(store: Store, summaries: list[Summary], output: str) -> None:
    """Print how well the end of real runs was foretold by the runs before them, as the dashboard does."""
    from tui.console.estimates import as_data, text
    from tui.insight.estimates import estimate
    from tui.insight.expectation import Expectation
    from tui.run.journal import read_events

    real = [each for each in summaries if each.environment == "kind"]
    found = []
    for i, each in enumerate(real):
        before = [other for other in real[i + 1 :] if other.plan == each.plan]
        of_mode = [other for other in before if other.mode == each.mode] or before
        if each.is_whole and of_mode:
            known = Expectation.of(
                store.open(str(store.root / other.name)).state for other in of_mode[:_LEARNT]
            )
            events = list(read_events(store.root / each.name))
            found += [told for told in [estimate(events, known)] if told]
    if output == "json":
        print_json(as_data(found))
        return
    from tui.console.style import Style, wants_colour

    click.echo("\n".join(text(found, Style(wants_colour(sys.stdout)))), color=True)


def _plan_name(plan: str, listing: Listing) -> str:
    """Return the name of a plan of which runs are kept, or which is read."""
    from tui.launch.request import Request, plan_name

    return plan if any(each.plan == plan for each in listing.summaries) else plan_name(Request(plan))


def _print_lines(values: list[dict[str, Any]]) -> None:
    """Print values as a JSON array, one a line."""
    import json

    lines = ",\n".join(json.dumps(value, ensure_ascii=False) for value in values)
    click.echo(f"[\n{lines}\n]" if values else "[]")
