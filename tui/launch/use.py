"""Using what a run brought up: its environment variables, and programs that run with them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tui.clients.kubernetes.kubeconfig import read_access
from tui.cluster.forwards import Forwards
from tui.cluster.kubeconfig_file import choose_context, leads_to
from tui.cluster.kubeconfig_for import NO_OTHER_CLUSTER
from tui.cluster.provider import provider_of
from tui.errors import BringupError
from tui.hosts.host_set import open_hosts
from tui.hosts.local import LocalHost
from tui.launch.request import UsageError
from tui.launch.specification import resolve_run
from tui.launch.tunnel import led_here, open_forwards
from tui.plan.placement import placement
from tui.run.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from tui.hosts.ssh.login import Prompter
    from tui.launch.request import Request
    from tui.launch.specification import Specification
    from tui.plan.model import Cluster, Plan
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
        UsageError: There is no such run, it was a rehearsal, or was taken down since.
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
    return specification, run


async def variables(plan: Plan, run: KeptRun) -> tuple[dict[str, str], str]:
    """Return the environment variables by which what a run brought up is used from here.

    Returns:
        They, and a warning about them; empty if there is none.

    Raises:
        UsageError: There are none, or the cluster's kubeconfig is not there yet.
        ActionError: The kubeconfig does not lead to the cluster.
    """
    if plan.cluster is None:
        if not plan.environment:
            hint = "add `environment: {NAME: value}` to it"
            raise UsageError("the plan has neither a cluster nor environment variables", hint)
        return dict(plan.environment), ""
    provider = await provider_of(plan.cluster)
    if plan.cluster.stands and not run.started.hosts:  # its user may have another login by now
        await provider.reach(plan.cluster, LocalHost(), anew=True)
    context = provider.context_of(plan.cluster)
    kubeconfig, silent = await asyncio.to_thread(_kubeconfig, plan.cluster, context, run)
    over_ssh = bool(run.started.hosts)
    remedy = f"keep `bringup tunnel {run.id}` open" if over_ssh else "`bringup status` says what is up"
    warning = f"nothing answers at {silent}, where the kubeconfig leads: {remedy}" if silent else ""
    return {**_no_other_cluster(), "KUBECONFIG": kubeconfig, **plan.environment}, warning


def _kubeconfig(cluster: Cluster, own: str, run: KeptRun) -> tuple[str, str]:
    """Return the value of KUBECONFIG that leads to a cluster, and to no other; blocks.

    Args:
        cluster: The cluster.
        own: The name that its provider gives its context.
        run: The run that brought it up.

    Returns:
        The value, and the server's address if nothing answers there.
    """
    path = cluster.kubeconfig
    if not path.exists():
        cause = f"cluster {cluster.name!r} has no kubeconfig {path}"
        hint = "wait until the cluster is created" if run.is_running else "`bringup up` creates the cluster"
        raise UsageError(cause, hint)
    context = choose_context(path, own)
    value = str(path)
    if not leads_to(path, context):
        # Of several files the first that names a current context wins.
        first = run.directory / "kubeconfig"
        first.write_text(json.dumps({"current-context": context}))
        value = f"{first}{os.pathsep}{path}"
    server = urlsplit(read_access(path, context).server)
    try:
        socket.create_connection((server.hostname or "", server.port or 443), _ANSWERS_WITHIN).close()
    except OSError:
        return value, server.netloc
    return value, ""


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
    host = hosts.of(placement(plan).cluster)
    try:
        async with contextlib.AsyncExitStack() as stack:
            if host.shares_loopback:
                known = plan.cluster is not None or plan.environment
                found, warning = await variables(plan, run) if known else ({}, "")
                ports: dict[int, int] = {}
                cluster = plan.cluster
            else:
                directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="bringup-"))
                kubeconfig = Path(directory) / "kubeconfig"
                cluster = plan.cluster and plan.cluster.model_copy(update={"kubeconfig": kubeconfig})
                ports = await open_forwards(plan.model_copy(update={"cluster": cluster}), host)
                own = {**_no_other_cluster(), "KUBECONFIG": str(kubeconfig)} if cluster else {}
                found, warning = {**own, **plan.environment}, ""
            forwards = await stack.enter_async_context(Forwards(plan.forwards, cluster, host))
            here = {**ports, **forwards.moved}
            led = {name: led_here(text, here) for name, text in found.items() if name in plan.environment}
            yield {**found, **led}, warning
    finally:
        await hosts.close()


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
