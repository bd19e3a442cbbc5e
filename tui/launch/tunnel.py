"""Keeping the way to what was brought up on another machine."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tui.errors import BringupError
from tui.hosts.hosts import open_hosts
from tui.launch.request import Request, UsageError, host_addresses, load
from tui.launch.selection import earlier_run, resumed
from tui.plan.placement import placement
from tui.run.folders import runs_folder
from tui.run.journal import runs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tui.hosts.host import Host
    from tui.hosts.ssh.login import Asker
    from tui.plan.model import Plan

_EVERY = 3.0  # seconds between looks at where the kubeconfig points
_LOOPBACK = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104 - looked at, not served on


async def hold_open(run: str | None, asker: Asker | None, say: Callable[[str], object]) -> None:
    """Forwards a run's ports, and points its kubeconfig at them, until the process is asked to end.

    A lost connection is made again, with the same ports here.

    Args:
        run: The run's id; None for the latest over SSH.
        asker: Asks the user for what is not known of the machine.
        say: Takes lines for the user.

    Raises:
        UsageError: There is no such run, or it ran on this machine.
        NotReadyError: The machine cannot be reached.
        ActionError: No cluster runs there.
    """
    from tui.actions.kind.access import reach, reach_anew

    request = _request(run)
    plan = load(request).plan
    hosts = open_hosts(host_addresses(request, plan), asker)
    host = hosts.of(placement(plan).cluster)
    if plan.cluster is None or host.is_local:
        raise UsageError("the run's cluster is on this machine", "its ports are open here already")
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    try:
        forwards: dict[int, int] = {}

        def told(_: Host, port: int, local: int) -> None:
            forwards[port] = local

        await reach_anew(host, plan.cluster, told)
        for line in _opened(plan, host, forwards):
            say(line)
        while not ended.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), _EVERY)
                break
            # Another process may have pointed the kubeconfig at a way of its own, which has gone with it.
            with contextlib.suppress(BringupError):  # while the machine is away, there is no way
                await reach(host, plan.cluster, told)
    finally:
        await hosts.close()


def _request(run: str | None) -> Request:
    if run is None:
        found = next((started.run for _, started in runs(runs_folder()) if started.hosts), None)
        if found is None:
            hint = "`bringup up --host ssh://…` brings up on another machine"
            raise UsageError("no run over SSH is kept", hint)
        run = found
    return resumed(Request(resume=run), earlier_run(Request(resume=run)))


def _opened(plan: Plan, host: Host, forwards: dict[int, int]) -> list[str]:
    assert plan.cluster is not None
    lines = [f"the ports of cluster {plan.cluster.name} at {host.name} are open here:"]
    lines += [f"  127.0.0.1:{local} → port {port}" for port, local in forwards.items()]
    lines += [f"  {each.name}: {_here(each.url, forwards)}" for each in plan.endpoints]
    return [*lines, f"  export KUBECONFIG={plan.cluster.kubeconfig}", "Ctrl-C closes them"]


def _here(url: str, forwards: Mapping[int, int]) -> str:
    """A URL of the machine that the cluster runs on, as it is on this one.

    Args:
        url: As the plan has it.
        forwards: The ports of this machine that lead to that one's.
    """
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if parts.hostname not in _LOOPBACK or forwards.get(port, port) == port:
        return url
    return parts._replace(netloc=f"{parts.hostname}:{forwards[port]}").geturl()
