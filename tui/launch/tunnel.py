"""Forwarding the ports of what was brought up on another machine."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shlex
import signal
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tui.cluster.forwards import Forwards
from tui.cluster.kubeconfig_for import joined
from tui.cluster.provider import provider_of
from tui.errors import BringupError
from tui.hosts.host_set import open_hosts
from tui.launch.request import Request, UsageError
from tui.launch.specification import Specification, resolve_run
from tui.plan.address import port_of
from tui.plan.placement import placement
from tui.run.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tui.hosts.host import Host
    from tui.hosts.host_set import Hosts
    from tui.hosts.ssh.login import Prompter
    from tui.plan.model import Forward, Plan

_EVERY = 3.0  # seconds between looks at where the kubeconfig points
_ADDRESS = re.compile(r"(?<![\w.-])(?P<host>127\.0\.0\.1|localhost|\[::1\]):(?P<port>\d{1,5})(?!\d)")
_LOOPBACK = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104 - looked at, not served on


async def hold_open(run: str | None, prompter: Prompter | None, say: Callable[[str], object]) -> None:
    """Hold open the ports of a run's cluster and endpoints, and its plan's forwards, until told to stop.

    The cluster's kubeconfig leads to them. A lost connection is made again, with the same ports here.

    Args:
        run: The run's id; None for the latest that has any.
        prompter: Asks the user for what is not known of the machine.
        say: Takes lines for the user.

    Raises:
        UsageError: There is no such run, or it has nothing to lead to.
        NotReadyError: The machine cannot be reached.
        ActionError: No cluster runs there.
    """
    specification = await asyncio.to_thread(_specification, run, Store())
    plan = specification.plan
    hosts = open_hosts(specification.hosts, prompter)
    main, clusters = hosts.of(placement(plan).main), hosts.clusters(plan)
    near = all(host.shares_loopback for host in (main, *(at.host for at in clusters.values())))
    if near and not plan.forwards:
        hint = "its ports are open here already; `forwards:` in the plan would lead to Services"
        raise UsageError("the run was on this machine", hint)
    if not clusters and not plan.endpoints:
        raise UsageError("the plan has neither a cluster nor endpoints to lead to", "add `endpoints:` to it")
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    try:
        opened = {} if near else await open_forwards(plan, hosts)
        async with Forwards(plan.forwards, clusters) as forwards:
            for line in _opened(plan, main, opened, forwards, near=near):
                say(line)
            while not stopping.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_EVERY):
                        await stopping.wait()
                        break
                for cluster, host in clusters.values():  # a kubeconfig may lead to a forward that has closed
                    with contextlib.suppress(BringupError):  # nothing can be mended while the machine is away
                        await (await provider_of(cluster)).reach(cluster, host)
    finally:
        await hosts.close()


async def open_forwards(plan: Plan, hosts: Hosts) -> dict[int, int]:
    """Forward the ports of a plan's clusters elsewhere, and those that its endpoints and variables name.

    The kubeconfigs of these clusters are written anew, and lead to them.

    Args:
        plan: The plan.
        hosts: Its hosts.

    Returns:
        The ports here by those of the first cluster's machine, if that is another one.

    Raises:
        NotReadyError: A machine cannot be reached.
        ActionError: A cluster does not run.
    """
    main = hosts.of(placement(plan).main)
    forwards: dict[int, int] = {}
    for cluster, host in hosts.clusters(plan).values():
        if not host.shares_loopback:
            opened = await (await provider_of(cluster)).reach(cluster, host, anew=True)
            forwards |= opened if host is main else {}
    if main.shares_loopback:
        return {}
    named = [port for each in plan.endpoints if (port := _port(each.url)) is not None]
    named += [int(found["port"]) for text in plan.environment.values() for found in _ADDRESS.finditer(text)]
    for port in named:
        if port not in forwards and 0 < port < 1 << 16:
            forwards[port] = await main.forward(port)
    return forwards


def led_here(text: str, forwards: Mapping[int, int]) -> str:
    """Return a text with the addresses of a machine's loopback as they are on this one."""

    def here(found: re.Match[str]) -> str:
        return f"{found['host']}:{forwards.get(int(found['port']), found['port'])}"

    return _ADDRESS.sub(here, text)


def _specification(reference: str | None, store: Store) -> Specification:
    """Return what a run was given: of the one that is referred to, or of the latest that needs ports held."""
    if reference is not None:
        store.open(reference)
        return resolve_run(Request(plan=reference), store)
    plans: set[str] = set()
    for run in store.runs():
        if run.started.hosts:
            return resolve_run(Request(plan=run.id), store)
        if run.is_real and run.started.plan not in plans:
            plans.add(run.started.plan)
            with contextlib.suppress(BringupError):  # the plan is not there any more
                specification = resolve_run(Request(plan=run.id), store)
                if specification.plan.forwards:
                    return specification
    hint = "`bringup up --host ssh://…` brings up on another machine; `forwards:` in a plan lead to Services"
    raise UsageError("no run over SSH, or with forwards, is kept", hint)


def _opened(plan: Plan, host: Host, ports: Mapping[int, int], forwards: Forwards, *, near: bool) -> list[str]:
    of = f"cluster {plan.cluster_names}" if plan.clusters else plan.name
    lines = [f"the ports of {of} at {host.name} are open here:"] if ports else []
    lines += [f"  127.0.0.1:{local} → port {port}" for port, local in ports.items()]
    here = {**ports, **forwards.moved}
    lines += [f"  {each.name}: {_here(each.url, here)}" for each in plan.endpoints] if lines else []
    lines += [
        f"{each.title} is at 127.0.0.1:{port}{_instead(each, port)}" for each, port in forwards.ports.items()
    ]
    if plan.clusters and not near:
        files = joined(cluster.kubeconfig for cluster in plan.clusters.values())
        lines.append(f"  export KUBECONFIG={shlex.quote(files)}")
    return [*lines, "Ctrl-C closes them"]


def _instead(forward: Forward, port: int) -> str:
    return "" if port == forward.wanted else f", as {forward.wanted} is taken"


def _port(url: str) -> int | None:
    """Return the port of the host's loopback that a URL leads to; None if it leads elsewhere."""
    return port_of(url) if urlsplit(url).hostname in _LOOPBACK else None


def _here(url: str, forwards: Mapping[int, int]) -> str:
    """Return a URL of the cluster's host as it is on this machine.

    Args:
        url: As the plan has it.
        forwards: The ports of this machine that lead to that one's.
    """
    port, parts = _port(url), urlsplit(url)
    if port is None or forwards.get(port, port) == port:
        return url
    return parts._replace(netloc=f"{parts.hostname}:{forwards[port]}").geturl()
