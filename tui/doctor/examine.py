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
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from tui.hosts.host_set import Hosts
    from tui.plan.model import Plan
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
    stands = plan.cluster is not None and plan.cluster.stands
    engine = {
        host: ["container engine", "buildx", "disk"] if _needs_engine(steps[host]) else [] for host in steps
    }
    checks = {main: [name for name in CHECKS if name != "context"]}
    if stands:
        checks[main] = [*engine.get(main, ()), *_STANDING]
    for host in steps:
        checks.setdefault(host, engine[host])
    subjects = [(Subject(plan, host, steps.get(host, ())), names) for host, names in checks.items()]
    found = await asyncio.gather(*(_look(subject, names, patience) for subject, names in subjects))
    return [finding for each in found for finding in each]


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
    if plan.cluster is not None and plan.cluster.stands:
        host = hosts.of(placement(plan).cluster)
        await host.connect()
        looks.append(_made(Subject(plan, host, ()), ["context"], _PATIENCE, _ESSENTIAL_PATIENCE))
    for host, steps in hosts.steps(plan).items():
        names = ["container engine"] if _needs_engine(steps) else []
        names += [PROVIDER] if any(step.needs_provider for step in steps) else []
        names += ["buildx"] if any(step.kind == "image.build" for step in steps) else []
        if any(step.makes_cluster for step in steps):
            names = [name for name in CHECKS if name not in (*_COSTLY, "context")]
        if names:
            looks.append(_made(Subject(plan, host, steps), names, _PATIENCE, _ESSENTIAL_PATIENCE))
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
