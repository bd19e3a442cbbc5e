"""The checks of a host, in the order in which they are shown."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import TYPE_CHECKING, cast

from tui.cluster.provider import provider_of, read_config
from tui.doctor import rules
from tui.doctor.finding import Finding, joined
from tui.doctor.programs import Facts, examine_disk, examine_kubectl, examine_provider, judge_engine
from tui.errors import ActionError, BringupError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from tui.cluster.provider import Condition, PortUse
    from tui.hosts.host import Host
    from tui.plan.model import Cluster, Plan
    from tui.plan.steps import ImageBuild, Step
    from tui.plan.steps.cluster import ClusterCreate

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
        clusters: The plan's clusters that run on it, or will, by their names in the plan.
    """

    plan: Plan
    host: Host
    steps: Sequence[Step]
    clusters: Mapping[str, Cluster] = field(default_factory=dict)

    @property
    def creations(self) -> list[tuple[Cluster, ClusterCreate]]:
        """The clusters that the plan makes, each with the step that does."""
        steps = [step for task in self.plan.tasks for step in task.wanted_steps if step.makes_cluster]
        first = {step.cluster or "": cast("ClusterCreate", step) for step in reversed(steps)}
        return [(each, first[name]) for name, each in self.clusters.items() if name in first]


async def _engine(subject: Subject, known: Known) -> Finding:
    if isinstance(known, Facts):
        return judge_engine(known.engine)
    if any(step.needs_engine for step in subject.steps):
        return replace(known, level="fault")
    return Finding(known.check, "ok", f"{known.text}; the plan does not need one")


async def _provider(subject: Subject, known: Known) -> Finding:
    engine = known.engine if isinstance(known, Facts) else None
    using = (subject.plan.cluster_of(step) for step in subject.steps if step.needs_provider)
    needed = {cluster.provider for cluster in using if cluster}
    names = _providers(subject.plan)
    found = [await examine_provider(subject.host, engine, name, name in needed) for name in names]
    return joined(provider_named(subject.plan), found)


def provider_named(plan: Plan) -> str:
    """Return what makes a plan's clusters, or would."""
    return " and ".join(_providers(plan))


def _providers(plan: Plan) -> list[str]:
    return list(dict.fromkeys(cluster.provider for cluster in plan.clusters.values())) or ["kind"]


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
    from tui.plan.cluster_config import node_images

    images: set[str] = set()
    for cluster, step in subject.creations:
        config = await read_config(step.config, subject.plan.variables_of(step))
        images |= node_images(config, cluster.provider, step.image)
    found = [rules.judge_cgroups(known.info, image) for image in sorted(images or {""})]
    return joined("cgroups", found)


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
    uses: list[tuple[Cluster, PortUse]] = []
    for cluster, step in subject.creations:
        config = await read_config(step.config, subject.plan.variables_of(step))
        provider = await provider_of(cluster)
        uses += [(cluster, use) for use in await provider.examine_ports(cluster, subject.host, config)]
    twice = [
        _twice(use.port, one, other)
        for (one, use), (other, same) in combinations(uses, 2)
        if one is not other and use.meets(same)
    ]
    found = [*(judge_port(use) for _, use in uses), *twice]
    return joined("ports", found) if found else Finding("ports", "ok", "the plan maps none of its machine's")


def _twice(port: int, one: Cluster, other: Cluster) -> Finding:
    text = f"clusters {one.name} and {other.name} both map host port {port}"
    return Finding("ports", "fault", text, "map another port in one of their configurations")


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

    if not subject.plan.clusters:
        return Finding("kubeconfig", "ok", "the plan has no cluster")
    made = (each for each in subject.clusters.values() if not each.stands)
    paths = list(dict.fromkeys(each.kubeconfig for each in made))
    for path in paths:
        await asyncio.to_thread(check_kubeconfig, path)
    return Finding("kubeconfig", "ok", f"{', '.join(map(str, paths))} can be written")


async def _context(subject: Subject, _: Known) -> Finding:
    standing = [cluster for cluster in subject.clusters.values() if cluster.stands]
    if not standing:
        return Finding("context", "ok", "the plan's cluster is none that stands")
    for cluster in standing:
        await (await provider_of(cluster)).reach(cluster, subject.host, anew=True)
    return Finding("context", "ok", f"{', '.join(each.context for each in standing)} may be used")


async def _cluster(subject: Subject, known: Known) -> Finding:
    found = await asyncio.gather(*(_judged(each, subject, known) for each in subject.clusters.values()))
    return joined("cluster", found) if found else Finding("cluster", "ok", "the plan has none")


async def _judged(cluster: Cluster, subject: Subject, known: Known) -> Finding:
    if isinstance(known, Finding) and not cluster.stands:
        return _unknown("cluster")
    try:
        provider = await provider_of(cluster)
        return judge_cluster(await provider.examine(cluster, subject.host, _API_PATIENCE))
    except BringupError as error:
        return Finding("cluster", "fault", error.cause, error.hint, details=error.details)


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
