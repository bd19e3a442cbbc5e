"""`bringup snapshot`, `snapshot list`, `snapshot remove` and `snapshot prune`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from tui.cli.asking import Detail, terminal
from tui.cli.completion import complete_plan_or_run, complete_task
from tui.cli.durations import Duration
from tui.cli.group import WithDefault
from tui.cli.options import EPILOG, OUTPUT, Number, errors, host_options, plan_or_run_options, print_json
from tui.cli.up import MODES
from tui.text import plural

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from tui.cluster.snapshots.snapshot import Snapshot
    from tui.launch.launch import Launch
    from tui.launch.request import Request
    from tui.launch.snapshot_store import SnapshotStore


@click.group(cls=WithDefault, default="take", complete=complete_plan_or_run, epilog=EPILOG)
def snapshot() -> None:
    """Keep a cluster as it stands, to start from it; `bringup snapshot PLAN` that of a plan.

    The next `bringup up` restores it in place of making the cluster, as long as the plan, its files and its
    images are the same; see `bringup up --from-snapshot`. Steps run as always, and find their work done.
    `bringup snapshot take --help` tells the options.
    """


@snapshot.command()
@plan_or_run_options
@host_options
@OUTPUT
@click.option(
    "--after",
    metavar="PHASE|TASK",
    shell_complete=complete_task,
    help="As the cluster stands after a phase, or a task and its needs; brought up to there if it is down.",
)
@click.option("--mode", type=click.Choice(MODES), help="The mode of that bring-up.")
def take(output: str, verbose: bool, after: str | None, mode: str | None, **given: Any) -> None:
    """Take a snapshot of the cluster that RUN, or the latest run of PLAN, brought up (the default).

    The cluster stands still for some seconds, and goes on. The engine keeps the snapshot: until another of
    the same plan, cluster and place takes its place, or it is removed. It holds all that is in the cluster,
    also what tests have left there, but no Secret that the plan would not put there again.
    """
    with errors(), Detail(verbose) as detail:
        from tui.launch.request import Request
        from tui.launch.take_snapshot import is_up, take_snapshot

        request = Request(environment="kind", **given)
        if after is not None and not is_up(request):
            _bring_up(request, after, mode, output, detail)
        taken = take_snapshot(request, after, terminal())
        if output == "json":
            print_json(_data(taken.snapshot) | {"seconds": round(taken.seconds, 1)})
            return
        from tui.console.snapshots import told

        click.echo("\n".join(told(taken.snapshot, taken.seconds, len(taken.replaced))))


@snapshot.command("list")
@plan_or_run_options
@host_options
@OUTPUT
def list_snapshots(output: str, verbose: bool, **given: Any) -> None:
    """List the snapshots of a plan's engine, the newest first, with what they take."""
    with errors(), Detail(verbose):
        found = _store(**given).kept()
        if output == "json":
            print_json([_data(each) for each in found])
            return
        from tui.console.snapshots import table

        click.echo("\n".join(table(found)) if found else "no snapshot is kept")


@snapshot.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@host_options
def remove(ids: tuple[str, ...], host: str | None, verbose: bool) -> None:
    """Remove snapshots; clusters that were restored from them stay."""
    with errors(), Detail(verbose):
        for each in _store(host=host).remove(ids):
            click.echo(f"removed snapshot {each.id}")


@snapshot.command()
@host_options
@click.option("--older-than", type=Duration("30d"), metavar="AGE", help="Remove what is older: 30d, 12h.")
@click.option("--over", type=Number(0), metavar="GB", help="Remove the oldest beyond a size of all.")
@click.option("--dry-run", is_flag=True, help="Remove nothing, and tell what would be.")
def prune(
    host: str | None, verbose: bool, older_than: float | None, over: float | None, dry_run: bool
) -> None:
    """Remove old snapshots: those beyond the given limits, or else older than 30 days or over 20 GB of all.

    What was left of snapshots ten minutes ago that were cut off is removed, too.
    """
    with errors(), Detail(verbose):
        store = _store(host=host)
        found, remains = store.prune(older_than, over, dry_run=dry_run)
        for each in found:
            click.echo(f"{'would remove' if dry_run else 'removed'} snapshot {each.id}")
        if remains:
            click.echo(f"removed what was left of {plural(remains, 'snapshot')}")
        if not (found or remains):
            click.echo("nothing to remove")


def _store(**given: Any) -> SnapshotStore:
    from tui.launch.request import Request
    from tui.launch.snapshot_store import SnapshotStore

    return SnapshotStore(Request(environment="kind", **given), terminal())


def _bring_up(request: Request, after: str, mode: str | None, output: str, detail: Detail) -> None:
    """Bring a plan up as far as a snapshot is to hold; exit where that fails."""
    from contextlib import nullcontext, redirect_stdout
    from dataclasses import replace

    from tui.cli.shown import show
    from tui.launch.request import load
    from tui.launch.take_snapshot import tasks_after

    tasks = tasks_after(load(request), after)
    wanted = replace(request, mode=mode, snapshot="auto", only=tuple(task.id for task in tasks))

    def launching() -> AbstractContextManager[Launch]:
        from tui.launch.launch import launch_up

        return launch_up(wanted, prompter=terminal())

    with redirect_stdout(sys.stderr) if output == "json" else nullcontext():
        code = show(launching, wanted, "text", "text", detail, may_ask=True)
    if code:
        sys.exit(code)


def _data(snapshot: Snapshot) -> dict[str, Any]:
    names = ("id", "plan", "cluster", "after", "taken", "made_in", "own", "whole", "inputs")
    return {name: getattr(snapshot, name) for name in names}
