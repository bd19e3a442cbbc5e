"""Using what a run brought up: its environment variables, and programs that run with them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tui.clients.kubernetes.kubeconfig import read_access
from tui.cluster.forwards import Forwards
from tui.cluster.kubeconfig_file import choose_context
from tui.cluster.kubeconfig_for import NO_OTHER_CLUSTER, leading
from tui.cluster.provider import provider_of
from tui.errors import BringupError
from tui.hosts.host_set import open_hosts
from tui.hosts.local import LocalHost
from tui.launch.request import UsageError
from tui.launch.specification import resolve_run
from tui.launch.tunnel import led_here, open_forwards
from tui.plan.faults import suggest
from tui.plan.placement import placement
from tui.run.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Container, Mapping, Sequence

    from tui.hosts.ssh.login import Prompter
    from tui.launch.request import Request
    from tui.launch.specification import Specification
    from tui.plan.model import Plan
    from tui.run.kept_run import KeptRun

NO_PROGRAM, NOT_EXECUTABLE = 127, 126
_PASSED_ON = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
_FROM_KEYS = (signal.SIGINT, signal.SIGQUIT)
_ANSWERS_WITHIN = 1.0  # seconds


class StartError(BringupError):
    """A program could not be started.

    Attributes:
        code: The exit code by which shells tell that.
    """

    def __init__(self, cause: str, hint: str, code: int) -> None:
        super().__init__(cause, hint)
        self.code = code


def standing(request: Request) -> tuple[Specification, KeptRun]:
    """Return what a run was given that brought up what is there now.

    Raises:
        PlanError: Its plan is not usable.
        UsageError: There is no such run, it was a rehearsal, or was taken down since; or no such cluster.
        RunReferenceError: There is no such run.
    """
    store = Store()
    specification = resolve_run(request, store)
    run = specification.run
    if run is None:
        values = " with these values" if request.files or request.settings else ""
        cause = f"plan {specification.plan.name!r} has not been run yet{values}"
        raise UsageError(cause, "run `bringup up` first")
    if not run.is_real:
        raise UsageError(f"run {run.id} was a rehearsal, which created nothing", "name a real run, or a plan")
    if down := store.taken_down_by(run):
        raise UsageError(f"run {run.id} was taken down since, by run {down.id}", "run `bringup up`")
    plan = _led_by(specification.plan, request.cluster)
    return replace(specification, loaded=replace(specification.loaded, plan=plan)), run


def _led_by(plan: Plan, name: str | None) -> Plan:
    """Return a plan whose first cluster is one that was asked for.

    Raises:
        UsageError: It has none of that name.
    """
    if name is None:
        return plan
    clusters = plan.clusters
    if not name or name not in clusters:
        hint = suggest(name, filter(None, clusters)) or "leave it out: the plan does not have several"
        raise UsageError(f"--cluster: the plan has no cluster {name!r}", hint)
    return plan.with_clusters({name: clusters[name], **clusters})


async def variables(plan: Plan, run: KeptRun) -> tuple[dict[str, str], str]:
    """Return the environment variables by which what a run brought up is used from here.

    Returns:
        They, and a warning about them; empty if there is none.

    Raises:
        UsageError: There are none, or the cluster's kubeconfig is not there yet.
        ActionError: The kubeconfig does not lead to the cluster.
    """
    if not plan.clusters:
        if not plan.environment:
            hint = "add `environment: {NAME: value}` to it"
            raise UsageError("the plan has neither a cluster nor environment variables", hint)
        return dict(plan.environment), ""
    for cluster in plan.clusters.values():
        if cluster.stands and not run.started.hosts:  # its user may have another login by now
            await (await provider_of(cluster)).reach(cluster, LocalHost(), anew=True)
    kubeconfig, silent = await asyncio.to_thread(_kubeconfig, plan, await _context(plan), run)
    over_ssh = bool(run.started.hosts)
    remedy = f"keep `bringup tunnel {run.id}` open" if over_ssh else "`bringup status` says what is up"
    warning = f"nothing answers at {silent}, where the kubeconfig leads: {remedy}" if silent else ""
    return {**_no_other_cluster(), "KUBECONFIG": kubeconfig, **plan.environment}, warning


async def _context(plan: Plan) -> str:
    """Return the name that its provider gives the context of a plan's first cluster."""
    first = next(iter(plan.clusters.values()))
    return (await provider_of(first)).context_of(first)


def _kubeconfig(plan: Plan, own: str, run: KeptRun) -> tuple[str, str]:
    """Return the value of KUBECONFIG that leads to a plan's clusters, and what is silent; blocks.

    Args:
        plan: The plan.
        own: The name that its provider gives the context of its first cluster.
        run: The run that brought it up.

    Returns:
        The value, and the address of the first cluster's server if nothing answers there.
    """
    name, cluster = next(iter(plan.clusters.items()))
    path = cluster.kubeconfig
    if not path.exists():
        cause = f"cluster {cluster.name!r} has no kubeconfig {path}"
        hint = "wait until the cluster is created" if run.is_running else "`bringup up` creates the cluster"
        raise UsageError(cause, hint)
    value = _leading(plan, own, run.directory / _named("kubeconfig", name))
    server = urlsplit(read_access(path, choose_context(path, own)).server)
    try:
        socket.create_connection((server.hostname or "", server.port or 443), _ANSWERS_WITHIN).close()
    except OSError:
        return value, server.netloc
    return value, ""


def _named(file: str, cluster: str) -> str:
    return f"{file}-{cluster}" if cluster else file


def _leading(plan: Plan, own: str, first: Path) -> str:
    """Return the value of KUBECONFIG that leads to a plan's first cluster, and by name to its others; blocks.

    Args:
        plan: The plan.
        own: The name that its provider gives the context of its first cluster.
        first: The file that is written, and goes first, where it must be said which context is meant.
    """
    paths = [cluster.kubeconfig for cluster in plan.clusters.values()]
    files, before = leading(paths, choose_context(paths[0], own))
    if not before:
        return files
    first.write_text(before)
    return f"{first}{os.pathsep}{files}"


def _no_other_cluster() -> dict[str, str]:
    return {name: value for name, value in NO_OTHER_CLUSTER.items() if os.environ.get(name)}


@contextlib.asynccontextmanager
async def in_use(
    specification: Specification, run: KeptRun, prompter: Prompter | None
) -> AsyncIterator[tuple[dict[str, str], str]]:
    """Hold open the ways to what a run brought up, and yield its variables as `variables` returns them.

    Of what is on another machine the ports are forwarded to this one. The kubeconfig is then a private one:
    it leads by these forwards, whichever other process has some. The plan's forwards are held, too.

    Raises:
        UsageError: The cluster's kubeconfig is not there yet.
        ActionError: No cluster runs there, or its kubeconfig does not lead to it.
        NotReadyError: The machine cannot be reached.
    """
    plan = specification.plan
    hosts = open_hosts(specification.hosts, prompter)
    main = hosts.of(placement(plan).main)
    far = {name for name, at in hosts.clusters(plan).items() if not at.host.shares_loopback}
    try:
        async with contextlib.AsyncExitStack() as stack:
            ports: dict[int, int] = {}
            if main.shares_loopback and not far:
                known = plan.clusters or plan.environment
                found, warning = await variables(plan, run) if known else ({}, "")
            else:
                directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bringup-")))
                plan = _kept_apart(plan, far, directory)
                ports, warning = await open_forwards(plan, hosts), ""
                found = dict(plan.environment)
                if plan.clusters:
                    first = directory / "first"
                    kubeconfig = await asyncio.to_thread(_leading, plan, await _context(plan), first)
                    found = {**_no_other_cluster(), "KUBECONFIG": kubeconfig, **found}
            forwards = await stack.enter_async_context(Forwards(plan.forwards, hosts.clusters(plan)))
            here = {**ports, **forwards.moved}
            led = {name: led_here(text, here) for name, text in found.items() if name in plan.environment}
            yield {**found, **led}, warning
    finally:
        await hosts.close()


def _kept_apart(plan: Plan, far: Container[str], directory: Path) -> Plan:
    """Return a plan in which some clusters have kubeconfigs of their own in a directory."""
    return plan.with_clusters(
        {
            name: cluster.model_copy(update={"kubeconfig": directory / _named("kubeconfig", name)})
            if name in far
            else cluster
            for name, cluster in plan.clusters.items()
        }
    )


async def run_program(argv: Sequence[str], env: Mapping[str, str]) -> int:
    """Run a program in this one's terminal, with further variables, until it ends.

    Signals that are sent to this program go to that one; those of the terminal's keys reach it by themselves.

    Returns:
        Its exit status; of one that a signal ended, 128 and the signal's number, as shells tell it.

    Raises:
        StartError: It could not be started.
    """
    process: asyncio.subprocess.Process | None = None
    early: list[signal.Signals] = []

    def pass_on(number: signal.Signals) -> None:
        if process is None:
            early.append(number)
        elif number not in _FROM_KEYS or not _has_terminal():
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)

    for number in (*_FROM_KEYS, *_PASSED_ON):
        if signal.getsignal(number) is not signal.SIG_IGN:  # `nohup` ignores SIGHUP, for the program too
            asyncio.get_running_loop().add_signal_handler(number, pass_on, number)
    try:
        process = await asyncio.create_subprocess_exec(*argv, env={**os.environ, **env})
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        cause = f"there is no program {argv[0]}" if missing else f"{argv[0]} cannot be run: {error.strerror}"
        hint = "install it, or correct its name or PATH" if missing else "name an executable program"
        raise StartError(cause, hint, NO_PROGRAM if missing else NOT_EXECUTABLE) from error
    for number in early:
        process.send_signal(number)
    status = await process.wait()
    return status if status >= 0 else 128 - status


def _has_terminal() -> bool:
    """Return whether this program's process group is the one that the terminal's keys go to."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
