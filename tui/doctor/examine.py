"""Making the checks of a plan's hosts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from tui.doctor.checks import CHECKS, PROVIDER, Subject, provider_named
from tui.doctor.finding import Finding, of_host
from tui.doctor.programs import ask_engine
from tui.errors import BringupError
from tui.plan.placement import placement

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence

    from tui.hosts.host import Host
    from tui.hosts.host_set import Hosts
    from tui.plan.model import Cluster, Plan
    from tui.plan.steps import Step

Outcome = TypeVar("Outcome")

_PATIENCE = 5.0  # seconds for a check
_ESSENTIAL_PATIENCE = 30.0  # seconds, before a run, for a check that keeps the run from beginning
_ESSENTIAL = ("container engine", PROVIDER, "ports", "kubeconfig", "context")
"""What a bring-up cannot do without."""
_STANDING = ("context", "cluster")
"""What is looked at where the cluster stands."""
_COSTLY = ("kubectl", "cluster")
"""What is not looked at before each run: nobody needs it, or its step says the same at once."""


async def examine(plan: Plan, hosts: Hosts, patience: float = _PATIENCE) -> list[Finding]:
    """Look whether a plan can be brought up on its hosts.

    Args:
        plan: What is to be brought up: its ports, clusters and node images are looked at.
        hosts: Where.
        patience: Seconds that a check may take.

    Returns:
        The findings, always in the same order: all of them of the clusters' hosts, and of each other host
        whether it can make its images, if it has to.

    Raises:
        NotReadyError: One of the hosts cannot be reached.
    """
    places = placement(plan)
    await hosts.connect((places.main, *places.clusters.values(), *places.tasks.values()))
    steps, clusters = hosts.steps(plan), _clusters(plan, hosts)
    engine = {
        host: ["container engine", "buildx", "disk"] if _needs_engine(steps[host]) else [] for host in steps
    }
    checks = {
        host: _all(its.values(), engine.get(host, ()))
        for host, its in (clusters or {hosts.of(places.main): {}}).items()
    }
    for host in steps:
        checks.setdefault(host, engine[host])
    subjects = [
        (Subject(plan, host, steps.get(host, ()), clusters.get(host, {})), names)
        for host, names in checks.items()
    ]
    found = await asyncio.gather(*(_look(subject, names, patience) for subject, names in subjects))
    return [finding for each in found for finding in each]


def _clusters(plan: Plan, hosts: Hosts) -> dict[Host, dict[str, Cluster]]:
    """Return the clusters that run on each host, by their names in the plan."""
    found: dict[Host, dict[str, Cluster]] = {}
    for name, (cluster, host) in hosts.clusters(plan).items():
        found.setdefault(host, {})[name] = cluster
    return found


def _all(clusters: Collection[Cluster], engine: Sequence[str]) -> list[str]:
    """Return all checks of a host that has some clusters, and those of its engine where all of them stand."""
    if clusters and all(cluster.stands for cluster in clusters):
        return [*engine, *_STANDING]
    some_stand = any(cluster.stands for cluster in clusters)
    return [name for name in CHECKS if name != "context" or some_stand]


async def preflight(plan: Plan, hosts: Hosts) -> list[Finding]:
    """Look at what a run needs just before it begins.

    Returns:
        What is not as it should be; a `fault` keeps the run from beginning. What could not be looked at in
        time is left out.

    Raises:
        NotReadyError: One of the hosts cannot be reached.
    """
    await hosts.connect(placement(plan).tasks.values())
    looks = []
    clusters = _clusters(plan, hosts)
    for host, its in clusters.items():
        if any(cluster.stands for cluster in its.values()):
            await host.connect()
            looks.append(_made(Subject(plan, host, (), its), ["context"], _PATIENCE, _ESSENTIAL_PATIENCE))
    for host, steps in hosts.steps(plan).items():
        names = ["container engine"] if _needs_engine(steps) else []
        names += [PROVIDER] if any(step.needs_provider for step in steps) else []
        names += ["buildx"] if any(step.kind == "image.build" for step in steps) else []
        if any(step.makes_cluster for step in steps):
            names = [name for name in CHECKS if name not in (*_COSTLY, "context")]
        if names:
            subject = Subject(plan, host, steps, clusters.get(host, {}))
            looks.append(_made(subject, names, _PATIENCE, _ESSENTIAL_PATIENCE))
    found = [finding for each in await asyncio.gather(*looks) for finding in each]
    essential = (*_ESSENTIAL, provider_named(plan))
    return [
        finding if finding.check in essential else replace(finding, level="warning")
        for finding in found
        if finding.level in ("warning", "fault")
    ]


def _needs_engine(steps: Iterable[Step]) -> bool:
    return any(step.needs_engine for step in steps)


async def _look(subject: Subject, names: Sequence[str], patience: float) -> list[Finding]:
    """Make a host's checks, and say which machine it is, where that is not this one."""
    found = await subject.host.machine() if subject.host.location else None
    text = f"{subject.host.name}: {found.system} {found.release}, {found.processor}" if found else ""
    where = [Finding("machine", "ok", text)] if found else []
    return of_host(subject.host, where + await _made(subject, names, patience))


async def _made(
    subject: Subject, names: Sequence[str], patience: float, essential: float | None = None
) -> list[Finding]:
    """Make checks at once, for all of which the engine is asked once.

    Args:
        subject: What is looked at.
        names: The checks.
        patience: Seconds that a check may take.
        essential: Seconds that an essential one may take; as the others if None.
    """
    if not names:
        return []
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(
            _bounded("container engine", partial(ask_engine, subject.host), essential or patience)
        )

        async def checked(name: str) -> Finding:
            known = await asking
            within = (essential or patience) if name in _ESSENTIAL else patience
            shown = provider_named(subject.plan) if name == PROVIDER else name
            return await _bounded(shown, partial(CHECKS[name], subject, known), within)

        checks = [group.create_task(checked(name)) for name in names]
    return [task.result() for task in checks]


async def _bounded(name: str, check: Callable[[], Awaitable[Outcome]], patience: float) -> Outcome | Finding:
    """Make a check; one that fails or takes too long is a finding too."""
    try:
        async with asyncio.timeout(patience):
            return await check()
    except TimeoutError:
        return Finding(name, "unknown", f"could not be checked within {patience:g} s")
    except BringupError as error:
        return Finding(name, "fault", error.cause, error.hint, details=error.details)
    except Exception as error:  # whatever stops one check must not hide what the others found
        return Finding(name, "unknown", f"could not be checked: {str(error) or type(error).__name__}")
