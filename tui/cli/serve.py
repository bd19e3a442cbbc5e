"""`bringup serve`."""

from __future__ import annotations

import contextlib
import functools
import sys
import threading
from typing import TYPE_CHECKING, Any

import click

from tui.cli.asking import Detail, terminal
from tui.cli.completion import complete_plan, complete_run
from tui.cli.options import EPILOG, UP, errors, plan_options
from tui.cli.up import asked, run_options

if TYPE_CHECKING:
    import socket
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tui.browser.server import Shown
    from tui.launch.launch import Launch
    from tui.launch.run_handle import RunHandle

_LIVE = click.option(
    "--live", "plan", is_flag=False, flag_value="", metavar="[PLAN]", shell_complete=complete_plan,
    help="Bring PLAN up, with the options of `bringup up` that follow, and show that run.",
)  # fmt: skip


@click.command(epilog=EPILOG)
@click.argument("run", required=False, metavar="[RUN]", shell_complete=complete_run)
@click.option("--port", type=click.IntRange(1, 65535), help="Of the server; by default one that is free.")
@click.option("--control", is_flag=True, help="Take commands from browsers, too; with --live.")
@functools.partial(plan_options, argument=_LIVE)
@run_options
def serve(
    run: str | None, port: int | None, control: bool, plan: str | None, verbose: bool, **given: Any
) -> None:
    """Show RUN, by default the latest, in browsers on this machine, until Ctrl-C.

    It is the dashboard of `bringup show`: it can be looked at, with all kept runs, and not changed. Only this
    machine is answered, and only at the whole address that is printed, which is new each time: give it to
    nobody who may not see your logs. From another machine use `ssh -L PORT:127.0.0.1:PORT`. `?fontsize=20`
    behind the address is for projectors.

    With --live a plan is brought up first. The run belongs to this command, which prints it as lines: it
    goes on whoever looks on, and Ctrl-C cancels it. With --control browsers may give it commands, and while
    one is open, it waits for these when all tasks have finished.
    """
    with errors(), Detail(verbose) as detail:
        from tui.browser.server import listen

        if plan is None:
            _check_no_more(control)
            with contextlib.closing(listen(port)) as listening:
                _serve_kept(run, listening)
            sys.exit(UP)
        if run is not None:
            raise click.UsageError("name a RUN, or a plan by --live")
        with contextlib.closing(listen(port)) as listening:
            sys.exit(_serve_live(asked(plan=plan or None, **given), control, detail, listening))


def _check_no_more(control: bool) -> None:
    """Refuse options that say how a plan is brought up, where none is."""
    from click.core import ParameterSource

    context = click.get_current_context()
    for option in context.command.params:
        name = option.name or ""
        given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if control or (given and name not in {"run", "port", "verbose"}):
            flag = "--control" if control else option.opts[0]
            raise click.UsageError(f"{flag} needs --live: a kept run is only looked at")


def _serve_kept(reference: str | None, listening: socket.socket) -> None:
    from tui.browser.server import served
    from tui.run.store import LATEST, Store

    kept = Store().open(LATEST if reference is None else reference)
    with served(_shown(kept.directory, kept.started.plan), listening) as address:
        click.echo(f"run {kept.id} of {kept.started.plan}: {address}")
        _wait()


def _serve_live(request: Any, control: bool, detail: Detail, listening: socket.socket) -> int:
    """Bring a plan up and serve the run, also when it has finished; return the exit code."""
    from tui.browser.server import served
    from tui.cli.shown import show
    from tui.launch.request import may_go_elsewhere

    begun_as: list[tuple[RunHandle, str]] = []

    def launching() -> AbstractContextManager[Launch]:
        from tui.launch.launch import launch_up

        return launch_up(request, prompter=terminal())

    with contextlib.ExitStack() as stack:

        def begun(run: RunHandle) -> None:
            launch = run.launch()
            shown = _shown(launch.folder, launch.started.plan)
            if control:
                shown = shown._replace(argv=[*shown.argv, "--served"], take=run.tell)
            address = stack.enter_context(served(shown, listening))
            click.echo(f"run {launch.started.run}: {address}")
            begun_as.append((run, address))

        code = show(launching, request, "text", "text", detail, may_go_elsewhere(request), begun)
        for run, address in begun_as:
            if not run.interrupts:
                click.echo(f"until Ctrl-C: {address}")
                _wait()
    return code


def _shown(directory: Path, plan: str) -> Shown:
    """Return a run as it is served: by the command that shows it in a terminal."""
    from tui.browser.server import Shown

    argv = [sys.executable, "-P", "-m", "tui", "show", str(directory.resolve()), "--tui"]
    return Shown(f"{plan} · bringup", argv)


def _wait() -> None:
    """Wait for a signal to stop."""
    from tui.views.signals import on_stop

    stop = threading.Event()
    with on_stop(stop.set):
        stop.wait()
