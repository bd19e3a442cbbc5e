"""The checks, in the order in which they are told."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from tui.doctor import machine
from tui.doctor.cluster import examine_cluster, nodes_of, open_way
from tui.doctor.engine import Facts, ask_engine, examine_disk, examine_kind, examine_kubectl, judge_engine
from tui.doctor.finding import Finding, of_host
from tui.doctor.host_ports import examine_ports
from tui.errors import BringupError
from tui.plan.placement import placement

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from tui.hosts.host import Host
    from tui.hosts.host_set import Hosts
    from tui.plan.model import Plan
    from tui.plan.steps import KindCreate, Step

    Known = Facts | Finding  # what the engine said, or why it said nothing
    Check = Callable[[Known], Awaitable[Finding]]

Outcome = TypeVar("Outcome")

_PATIENCE = 5.0  # seconds for a check
_API_PATIENCE = 3.0  # seconds of it for the cluster's API server
_INOTIFY = "/proc/sys/fs/inotify"
_RESOLV_CONF = "/etc/resolv.conf"


async def examine(plan: Plan, hosts: Hosts, patience: float = _PATIENCE) -> list[Finding]:
    """Looks whether a plan can be brought up on its hosts.

    Args:
        plan: What is to be brought up: its ports, cluster and node image are looked at.
        hosts: Where.
        patience: Seconds that a check may take.

    Returns:
        The findings, always in the same order: all of them of the cluster's host, and of each other host
        whether it can make its images, if it has to.

    Raises:
        NotReadyError: One of the hosts cannot be reached.
    """
    places = placement(plan)
    await hosts.connect((places.cluster, *places.tasks.values()))
    main, steps = hosts.of(places.cluster), hosts.steps(plan)
    checks = {main: _checks(plan, main, steps.get(main, ()))}
    for host in steps:
        checks.setdefault(host, _image_checks(host) if any(s.needs_engine for s in steps[host]) else [])
    found = await asyncio.gather(*(_look(host, named, patience) for host, named in checks.items()))
    return [finding for each in found for finding in each]


async def _look(host: Host, named: Sequence[tuple[str, Check]], patience: float) -> list[Finding]:
    """Makes a host's checks, and says which machine it is, where that is not this one."""
    where = [await _machine(host)] if host.location else []
    return of_host(host, where + (await _made(host, named, patience) if named else []))


async def _made(host: Host, named: Sequence[tuple[str, Check]], patience: float) -> list[Finding]:
    """Makes checks at once, for all of which the engine is asked once."""
    async with asyncio.TaskGroup() as group:
        asked = group.create_task(_bounded("container engine", partial(ask_engine, host), patience))

        async def checked(name: str, check: Check) -> Finding:
            known = await asked
            return await _bounded(name, partial(check, known), patience)

        checks = [group.create_task(checked(name, check)) for name, check in named]
    return [task.result() for task in checks]


def _image_checks(host: Host) -> list[tuple[str, Check]]:
    """What a host must have that images are made on, and no cluster."""
    return [("container engine", partial(_engine, True)), ("disk", partial(_disk, host))]


def _checks(plan: Plan, host: Host, steps: Sequence[Step]) -> list[tuple[str, Check]]:
    """What the cluster's host must have."""
    wants_kind = any("kind" in step.programs for step in steps)
    create = _create(plan)
    return [
        ("container engine", partial(_engine, any(step.needs_engine for step in steps))),
        ("kind", partial(_kind, host, wants_kind)),
        ("kubectl", lambda _: examine_kubectl(host)),
        ("images", _architecture),
        ("cgroups", partial(_told, "cgroups", partial(_cgroups, create))),
        ("memory and CPUs", partial(_told, "memory and CPUs", _size)),
        ("disk", partial(_disk, host)),
        ("inotify", partial(_inotify, host)),
        ("ports", partial(_ports, plan, host, create)),
        ("DNS", partial(_dns, host)),
        ("proxies", _proxies),
        ("cluster", partial(_cluster, plan, host)),
    ]


async def _bounded(name: str, check: Callable[[], Awaitable[Outcome]], patience: float) -> Outcome | Finding:
    """Runs a check; one that fails or takes too long is a finding too."""
    try:
        async with asyncio.timeout(patience):
            return await check()
    except TimeoutError:
        return Finding(name, "warning", f"could not be checked within {patience:g} s")
    except BringupError as error:
        return Finding(name, "fault", error.cause, error.hint)
    except Exception as error:  # whatever stops one check must not hide what the others found
        return Finding(name, "warning", f"could not be checked: {str(error) or type(error).__name__}")


async def _machine(host: Host) -> Finding:
    """Which machine it is."""
    found = await host.machine()
    return Finding("machine", "ok", f"{host.name}: {found.system} {found.release}, {found.processor}")


async def _engine(needed: bool, known: Known) -> Finding:
    if isinstance(known, Facts):
        return judge_engine(known.engine)
    if needed:
        return replace(known, level="fault")
    return Finding(known.check, "ok", f"{known.text}; the plan does not need one")


async def _kind(host: Host, needed: bool, known: Known) -> Finding:
    return await examine_kind(host, known.engine if isinstance(known, Facts) else None, needed)


async def _told(name: str, judge: Callable[[Mapping[str, Any]], Finding], known: Known) -> Finding:
    """Judges what the engine's `/info` says."""
    return judge(known.info) if isinstance(known, Facts) else _unknown(name)


def _unknown(name: str) -> Finding:
    return Finding(name, "warning", "not checked: the container engine has to answer first")


async def _architecture(known: Known) -> Finding:
    if isinstance(known, Finding):
        return _unknown("images")
    return machine.judge_architecture(str(known.info.get("Architecture")), known.machine.processor)


def _cgroups(create: KindCreate | None, info: Mapping[str, Any]) -> Finding:
    return machine.judge_cgroups(info, (create.image if create else None) or "")


def _size(info: Mapping[str, Any]) -> Finding:
    return machine.judge_size(int(info["MemTotal"]), int(info["NCPU"]))


async def _disk(host: Host, known: Known) -> Finding:
    return await examine_disk(host, known) if isinstance(known, Facts) else _unknown("disk")


async def _inotify(host: Host, known: Known) -> Finding:
    if not await _shares_kernel(host, known):
        return Finding("inotify", "ok", "the engine's virtual machine has limits of its own")
    limits = await _lines(host, *(f"{_INOTIFY}/{name}" for name in machine.INOTIFY))
    return machine.judge_inotify(dict(zip(machine.INOTIFY, map(int, limits), strict=True)))


async def _lines(host: Host, *paths: str) -> list[str]:
    """The lines of some files there; none of those that are not there."""
    lines: list[str] = []
    await host.run(("sh", "-c", 'cat "$@" 2>/dev/null', "sh", *paths), on_lines=lines.extend)
    return lines


async def _dns(host: Host, known: Known) -> Finding:
    if not await _shares_kernel(host, known):
        return Finding("DNS", "ok", "the engine's virtual machine has name servers of its own")
    servers = machine.nameservers("\n".join(await _lines(host, _RESOLV_CONF)))
    if servers == [machine.STUB]:  # the engine takes these in its place
        servers = machine.nameservers("\n".join(await _lines(host, machine.RESOLVED))) or servers
    return machine.judge_dns(servers)


async def _shares_kernel(host: Host, known: Known) -> bool:
    """Whether the machine's own limits are those of the containers, as far as one knows."""
    if isinstance(known, Finding):
        return (await host.machine()).system == "Linux"
    return known.machine.system == "Linux" and known.is_here


async def _proxies(_: Known) -> Finding:
    return machine.judge_proxies(os.environ)


async def _ports(plan: Plan, host: Host, create: KindCreate | None, known: Known) -> Finding:
    containers = known.containers if isinstance(known, Facts) else ()
    return await examine_ports(plan, host, create.config if create else None, containers)


def _create(plan: Plan) -> KindCreate | None:
    """The step that creates the plan's cluster."""
    steps = (step for task in plan.tasks for step in task.steps)
    return next((step for step in steps if step.kind == "kind.create"), None)


async def _cluster(plan: Plan, host: Host, known: Known) -> Finding:
    if plan.cluster is None:
        return Finding("cluster", "ok", "the plan has none")
    if isinstance(known, Finding):
        return _unknown("cluster")
    if any(node.runs for node in nodes_of(plan.cluster.name, known.containers)):
        await open_way(host, plan.cluster)
    return await examine_cluster(plan.cluster.name, plan.cluster.kubeconfig, known.containers, _API_PATIENCE)
