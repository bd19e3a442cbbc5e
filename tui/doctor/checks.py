"""The checks, in the order in which they are told."""

from __future__ import annotations

import asyncio
import os
import platform
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tui.doctor import machine
from tui.doctor.cluster import examine_cluster
from tui.doctor.engine import Facts, ask_engine, examine_disk, examine_kind, examine_kubectl, judge_engine
from tui.doctor.finding import Finding
from tui.doctor.ports import examine_ports
from tui.errors import BringupError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from tui.hosts.host import Host
    from tui.plan.model import Plan
    from tui.plan.steps import KindCreate

    Known = Facts | Finding  # what the engine said, or why it said nothing
    Check = Callable[[Known], Awaitable[Finding]]

Outcome = TypeVar("Outcome")

_PATIENCE = 5.0  # seconds for a check
_API_PATIENCE = 3.0  # seconds of it for the cluster's API server
_INOTIFY = Path("/proc/sys/fs/inotify")
_RESOLV_CONF = Path("/etc/resolv.conf")


async def examine(plan: Plan, host: Host, patience: float = _PATIENCE) -> list[Finding]:
    """Looks whether a plan can be brought up here.

    Args:
        plan: What is to be brought up: its ports, cluster and node image are looked at.
        host: Where. What is read from files, and ports, are those of bringup's own machine.
        patience: Seconds that a check may take.

    Returns:
        The findings, always in the same order.
    """
    async with asyncio.TaskGroup() as group:
        asked = group.create_task(_bounded("container engine", partial(ask_engine, host), patience))

        async def checked(name: str, check: Check) -> Finding:
            known = await asked
            return await _bounded(name, partial(check, known), patience)

        checks = [group.create_task(checked(name, check)) for name, check in _checks(plan, host)]
    return [task.result() for task in checks]


def _checks(plan: Plan, host: Host) -> list[tuple[str, Check]]:
    kinds = {step.kind for task in plan.tasks for step in task.steps}
    wants_kind = any(kind.startswith("kind.") for kind in kinds)
    wants_engine = wants_kind or any(kind.startswith("image.") for kind in kinds)
    create = _create(plan)
    return [
        ("container engine", partial(_engine, wants_engine)),
        ("kind", partial(_kind, host, wants_kind)),
        ("kubectl", lambda _: examine_kubectl(host)),
        ("images", partial(_told, "images", _architecture)),
        ("cgroups", partial(_told, "cgroups", partial(_cgroups, create))),
        ("memory and CPUs", partial(_told, "memory and CPUs", _size)),
        ("disk", _disk),
        ("inotify", _inotify),
        ("ports", partial(_ports, plan, create)),
        ("DNS", _dns),
        ("proxies", _proxies),
        ("cluster", partial(_cluster, plan)),
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


def _architecture(info: Mapping[str, Any]) -> Finding:
    return machine.judge_architecture(str(info.get("Architecture")), platform.machine())


def _cgroups(create: KindCreate | None, info: Mapping[str, Any]) -> Finding:
    return machine.judge_cgroups(info, (create.image if create else None) or "")


def _size(info: Mapping[str, Any]) -> Finding:
    return machine.judge_size(int(info["MemTotal"]), int(info["NCPU"]))


async def _disk(known: Known) -> Finding:
    return await examine_disk(known) if isinstance(known, Facts) else _unknown("disk")


async def _inotify(known: Known) -> Finding:
    if not _shares_kernel(known):
        return Finding("inotify", "ok", "the engine's virtual machine has limits of its own")
    return machine.judge_inotify(await asyncio.to_thread(_inotify_limits))


def _inotify_limits() -> dict[str, int]:
    return {name: int((_INOTIFY / name).read_text()) for name in machine.INOTIFY}


async def _dns(known: Known) -> Finding:
    if not _shares_kernel(known):
        return Finding("DNS", "ok", "the engine's virtual machine has name servers of its own")
    return machine.judge_dns(await asyncio.to_thread(_nameservers, _RESOLV_CONF, Path(machine.RESOLVED)))


def _nameservers(path: Path, resolved: Path) -> list[str]:
    """The name servers that the engine takes from this machine."""
    servers = machine.nameservers(path.read_text()) if path.exists() else []
    if servers == [machine.STUB] and resolved.exists():
        return machine.nameservers(resolved.read_text())
    return servers


def _shares_kernel(known: Known) -> bool:
    """Whether this machine's own limits are those of the containers, as far as one knows."""
    return platform.system() == "Linux" and (isinstance(known, Finding) or known.is_here)


async def _proxies(_: Known) -> Finding:
    return machine.judge_proxies(os.environ)


async def _ports(plan: Plan, create: KindCreate | None, known: Known) -> Finding:
    containers = known.containers if isinstance(known, Facts) else ()
    return await examine_ports(plan, create.config if create else None, containers)


def _create(plan: Plan) -> KindCreate | None:
    """The step that creates the plan's cluster."""
    steps = (step for task in plan.tasks for step in task.steps)
    return next((step for step in steps if step.kind == "kind.create"), None)


async def _cluster(plan: Plan, known: Known) -> Finding:
    if plan.cluster is None:
        return Finding("cluster", "ok", "the plan has none")
    if isinstance(known, Finding):
        return _unknown("cluster")
    return await examine_cluster(plan.cluster.name, plan.cluster.kubeconfig, known.containers, _API_PATIENCE)
