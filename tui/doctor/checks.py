"""The checks of a host, in the order in which they are shown."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from tui.cluster.provider import provider_of, read_config
from tui.doctor import rules
from tui.doctor.finding import Finding, joined
from tui.doctor.programs import Facts, examine_disk, examine_kubectl, examine_provider, judge_engine
from tui.errors import ActionError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from tui.cluster.provider import Condition, PortUse
    from tui.hosts.host import Host
    from tui.plan.model import Plan
    from tui.plan.steps import ImageBuild, Step
    from tui.plan.steps.cluster import CreatesCluster

    Known = Facts | Finding  # what the engine said, or why it said nothing

_API_PATIENCE = 3.0  # seconds for the cluster's API server
_INOTIFY = "/proc/sys/fs/inotify"
_RESOLV_CONF = "/etc/resolv.conf"
PROVIDER = "provider"
"""The check of what makes the cluster, whose findings have that program's name."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is looked at.

    Attributes:
        plan: The plan.
        host: The host.
        steps: The plan's steps that run on it.
    """

    plan: Plan
    host: Host
    steps: Sequence[Step]

    @property
    def create(self) -> CreatesCluster | None:
        """The step that creates the plan's cluster."""
        steps = (step for task in self.plan.tasks for step in task.wanted_steps)
        return next((cast("CreatesCluster", step) for step in steps if step.makes_cluster), None)


async def _engine(subject: Subject, known: Known) -> Finding:
    if isinstance(known, Facts):
        return judge_engine(known.engine)
    if any(step.needs_engine for step in subject.steps):
        return replace(known, level="fault")
    return Finding(known.check, "ok", f"{known.text}; the plan does not need one")


async def _provider(subject: Subject, known: Known) -> Finding:
    engine = known.engine if isinstance(known, Facts) else None
    needed = any(step.needs_provider for step in subject.steps)
    return await examine_provider(subject.host, engine, provider_named(subject.plan), needed)


def provider_named(plan: Plan) -> str:
    """Return what makes a plan's cluster, or would."""
    return plan.cluster.provider if plan.cluster else "kind"


async def _kubectl(subject: Subject, _: Known) -> Finding:
    return await examine_kubectl(subject.host)


async def _buildx(subject: Subject, known: Known) -> Finding:
    from tui.actions.image.buildx import is_wanted

    builds = [step for step in subject.steps if step.kind == "image.build"]
    if not builds:
        return Finding("buildx", "ok", "the plan does not need it")
    if isinstance(known, Finding):
        return _unknown("buildx")
    wanted = False
    for step in builds:
        content = await asyncio.to_thread(_dockerfile, step)
        try:
            wanted |= await is_wanted(step, content, known.engine, subject.host)
        except ActionError as error:
            return Finding("buildx", "fault", error.cause, error.hint)
    return Finding("buildx", "ok", "found" if wanted else "the plan does not need it")


def _dockerfile(step: ImageBuild) -> bytes:
    """Read a Dockerfile; empty where it is not there yet; blocks."""
    try:
        return (step.dockerfile or step.context / "Dockerfile").read_bytes()
    except OSError:
        return b""


async def _architecture(_: Subject, known: Known) -> Finding:
    if isinstance(known, Finding):
        return _unknown("images")
    return rules.judge_architecture(str(known.info.get("Architecture")), known.machine.processor)


async def _cgroups(subject: Subject, known: Known) -> Finding:
    if isinstance(known, Finding):
        return _unknown("cgroups")
    image = subject.create.image if subject.create else None
    return rules.judge_cgroups(known.info, image or "")


async def _size(_: Subject, known: Known) -> Finding:
    if isinstance(known, Finding):
        return _unknown("memory and CPUs")
    return rules.judge_size(int(known.info["MemTotal"]), int(known.info["NCPU"]))


async def _disk(subject: Subject, known: Known) -> Finding:
    return await examine_disk(subject.host, known) if isinstance(known, Facts) else _unknown("disk")


async def _inotify(subject: Subject, known: Known) -> Finding:
    if not await _shares_kernel(subject.host, known):
        return Finding("inotify", "ok", "the engine's virtual machine has limits of its own")
    limits = await _lines(subject.host, *(f"{_INOTIFY}/{name}" for name in rules.INOTIFY))
    return rules.judge_inotify(dict(zip(rules.INOTIFY, map(int, limits), strict=True)))


async def _ports(subject: Subject, _: Known) -> Finding:
    plan, step = subject.plan, subject.create
    if plan.cluster is None or step is None:
        return Finding("ports", "ok", "the plan maps none of its machine's")
    config = await read_config(step.config, plan.variables_of(step))
    provider = await provider_of(plan.cluster)
    uses = await provider.examine_ports(plan.cluster, subject.host, config)
    if not uses:
        return Finding("ports", "ok", "the plan maps none of its machine's")
    return joined("ports", [judge_port(use) for use in uses])


def judge_port(use: PortUse) -> Finding:
    """Judge whether the plan's cluster can have a port."""
    if not use.holder:
        return Finding("ports", "ok", f"{use.port} is free")
    text = f"host port {use.port} is held by {use.holder}"
    if use.own:
        return Finding("ports", "ok", text)
    return Finding(
        "ports", "fault", text, f"{use.remedy}, or map another port in the cluster's configuration"
    )


async def _dns(subject: Subject, known: Known) -> Finding:
    if not await _shares_kernel(subject.host, known):
        return Finding("DNS", "ok", "the engine's virtual machine has name servers of its own")
    servers = rules.nameservers("\n".join(await _lines(subject.host, _RESOLV_CONF)))
    if servers == [rules.STUB]:  # the engine takes these in its place
        servers = rules.nameservers("\n".join(await _lines(subject.host, rules.RESOLVED))) or servers
    return rules.judge_dns(servers)


async def _proxies(subject: Subject, _: Known) -> Finding:
    return rules.judge_proxies(os.environ, handed=provider_named(subject.plan) == "kind")


async def _kubeconfig(subject: Subject, _: Known) -> Finding:
    from tui.cluster.kubeconfig_file import check_kubeconfig

    if subject.plan.cluster is None:
        return Finding("kubeconfig", "ok", "the plan has no cluster")
    path = subject.plan.cluster.kubeconfig
    await asyncio.to_thread(check_kubeconfig, path)
    return Finding("kubeconfig", "ok", f"{path} can be written")


async def _context(subject: Subject, _: Known) -> Finding:
    cluster = subject.plan.cluster
    if cluster is None or not cluster.stands:
        return Finding("context", "ok", "the plan's cluster is none that stands")
    provider = await provider_of(cluster)
    await provider.reach(cluster, subject.host, anew=True)
    return Finding("context", "ok", f"{cluster.context} may be used")


async def _cluster(subject: Subject, known: Known) -> Finding:
    cluster = subject.plan.cluster
    if cluster is None:
        return Finding("cluster", "ok", "the plan has none")
    if isinstance(known, Finding) and not cluster.stands:
        return _unknown("cluster")
    provider = await provider_of(cluster)
    return judge_cluster(await provider.examine(cluster, subject.host, _API_PATIENCE))


def judge_cluster(condition: Condition, *, wanted: bool = False) -> Finding:
    """Judge the condition of the plan's cluster.

    Args:
        condition: How it stands.
        wanted: Whether it should be there already.
    """
    if condition.state == "absent" and wanted:
        return Finding("cluster", "fault", condition.text, "run `bringup up`")
    fine = condition.state in ("absent", "ready")
    return Finding("cluster", "ok" if fine else "warning", condition.text, condition.hint)


def _unknown(check: str) -> Finding:
    return Finding(check, "unknown", "not checked: the container engine must answer first")


async def _lines(host: Host, *paths: str) -> list[str]:
    """Return the lines of some files there; none of those that are not there."""
    lines: list[str] = []
    await host.run(("sh", "-c", 'cat "$@" 2>/dev/null', "sh", *paths), on_lines=lines.extend)
    return lines


async def _shares_kernel(host: Host, known: Known) -> bool:
    """Return whether the containers have the machine's own limits, as far as is known."""
    if isinstance(known, Finding):
        return (await host.machine()).system == "Linux"
    return known.machine.system == "Linux" and known.is_here


CHECKS: Mapping[str, Callable[[Subject, Known], Awaitable[Finding]]] = {
    "container engine": _engine,
    PROVIDER: _provider,
    "buildx": _buildx,
    "kubectl": _kubectl,
    "images": _architecture,
    "cgroups": _cgroups,
    "memory and CPUs": _size,
    "disk": _disk,
    "inotify": _inotify,
    "ports": _ports,
    "DNS": _dns,
    "proxies": _proxies,
    "kubeconfig": _kubeconfig,
    "context": _context,
    "cluster": _cluster,
}
