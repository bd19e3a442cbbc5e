"""Choosing the environment that a plan is brought up in."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tui.actions.environment import Environment, KindEnvironment
from tui.cluster.permission import allow
from tui.cluster.provider import provider_of
from tui.doctor.checks import provider_named
from tui.doctor.examine import preflight
from tui.errors import BringupError, NotReadyError
from tui.hosts.host_set import open_hosts
from tui.hosts.local_engine import is_engine_named
from tui.launch.request import UsageError
from tui.run.directories import cache_directory
from tui.run.store import Store
from tui.text import one_line

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Container, Iterator, Sequence

    from tui.doctor import Finding
    from tui.hosts.host_set import ClusterAt, Hosts
    from tui.hosts.ssh.login import Prompter
    from tui.launch.specification import Specification
    from tui.plan.model import Plan
    from tui.rehearsal.recording import Recording

Found = TypeVar("Found")

_MOST_NAMED = 3  # files that are missing
_MOST_RUNS = 10  # from which a rehearsal takes its times


async def choose_environment(
    specification: Specification, plan: Plan, prompter: Prompter | None = None
) -> Environment:
    """Return the environment that was asked for, or with `auto` the real one where it can be had.

    Hosts over SSH are connected, and are never given up for a rehearsal; nor is an engine that is named.

    Raises:
        NotReadyError: It cannot be had.
        UsageError: An option does not go with it.
    """
    wanted = specification.environment
    if wanted == "rehearsal":
        return _rehearsal(specification, plan, "")
    hosts, foreseen = open_hosts(specification.hosts, prompter, cache_directory()), list[str]()
    try:
        if wanted == "kind" or not hosts.are_local:
            specification.loaded.require_files()
        for cluster, host in hosts.clusters(plan).values():
            if cluster.stands and cluster.context == specification.allow_context:
                await host.connect()
                await allow(cluster.context, host)
        found = await preflight(plan, hosts)
        missing = _missing(found, provider_named(plan))
        if missing is None:
            specification.loaded.require_files()
            _refuse(found)
            if plan is specification.plan:  # not where it is taken down
                foreseen = await asyncio.to_thread(_foreseen, specification)
        if missing is None and (specification.fail or specification.recording):
            raise UsageError("--fail and --recording go with a rehearsal", "add --env rehearsal")
        if missing is not None and (
            wanted == "kind" or not hosts.are_local or await _lacks_named_engine(found)
        ):
            hint = "; ".join(filter(None, (missing.hint, "`bringup doctor` says what else is missing")))
            raise NotReadyError(missing.cause, hint, missing.details)
    except BaseException:
        await hosts.close()
        raise
    if missing is None:
        return KindEnvironment(hosts, [*foreseen, *_warnings(found)])
    return _rehearsal(specification, plan, f"{missing.cause} (`bringup doctor` says what to do)")


async def look_at(
    look: Callable[[Plan, Hosts], Awaitable[Found]], specification: Specification, prompter: Prompter | None
) -> Found:
    """Open the hosts of a plan for a look at them.

    Raises:
        NotReadyError: One that is looked at cannot be reached.
    """
    hosts = open_hosts(specification.hosts, prompter, cache_directory())
    try:
        return await look(specification.plan, hosts)
    finally:
        await hosts.close()


async def take_up_clusters(plan: Plan, environment: Environment, done: Container[str]) -> None:
    """Make sure that the clusters of the run that is resumed are there, and their kubeconfigs lead there.

    A cluster of the same name that was created elsewhere since has the same kubeconfig file.

    Raises:
        UsageError: A cluster is gone, or does not run.
        ActionError: A kubeconfig cannot be had, or not be written.
    """
    steps = [step for task in plan.tasks if task.id in done for step in task.wanted_steps]
    created = {step.cluster or "" for step in steps if step.makes_cluster}
    for name, at in environment.hosts.clusters(plan).items():
        if name in created or at.cluster.stands:
            await _take_up(at)


async def _take_up(at: ClusterAt) -> None:
    cluster, host = at
    provider = await provider_of(cluster)
    if not cluster.stands:
        name = f"cluster {cluster.name!r}, which the earlier run made,"
        nodes = await provider.find_nodes(cluster, host)
        if not nodes:
            raise UsageError(f"{name} is gone", "run `bringup up` without --resume")
        if not all(node.running for node in nodes):
            hint = "run `bringup up` without --resume, which starts it again"
            raise UsageError(f"{name} does not run", hint)
    await provider.reach(cluster, host, anew=True)


async def _lacks_named_engine(found: Sequence[Finding]) -> bool:
    """Return whether an engine does not answer that the user has named: no rehearsal will do then."""
    silent = any(each.check == "container engine" for each in _faults(found))
    return silent and await asyncio.to_thread(is_engine_named, os.environ, Path.home())


def _missing(found: Sequence[Finding], provider: str) -> NotReadyError | None:
    """Return all engines and programs that a real bring-up misses; None if there are none."""
    missing = [each for each in _faults(found) if each.check in ("container engine", provider)]
    if not missing:
        return None
    hints = dict.fromkeys(each.hint for each in missing if each.hint)
    details = tuple(line for each in missing for line in each.details)
    return NotReadyError("; ".join(each.text for each in missing), "; ".join(hints), details)


def _refuse(found: Sequence[Finding]) -> None:
    """Refuse what keeps a run from beginning.

    Raises:
        NotReadyError: Something does, such as a port that is taken.
    """
    for first in _faults(found):
        raise NotReadyError(first.text, first.hint, first.details)


def _faults(found: Sequence[Finding]) -> list[Finding]:
    return [each for each in found if each.level == "fault"]


def _warnings(found: Sequence[Finding]) -> list[str]:
    """Return the warnings of a run about its findings."""
    told = [f"{each.check}{f' at {each.host}' if each.host else ''}: {each.text}" for each in found]
    return [*told[:-1], f"{told[-1]}; `bringup doctor` says what helps"] if told else []


def _foreseen(specification: Specification) -> list[str]:
    """Return warnings of what will stop the run later, unless a command of the plan mends it; blocks."""
    from tui.plan.lint import foreseen

    found = foreseen(specification.loaded, specification.done)
    told = [f"{each.place}: fails as it is now: {each.text}; {each.hint}" for each in found[:_MOST_NAMED]]
    more = len(found) - len(told)
    return [*told, f"{more} more: `bringup plan lint` names them"] if more else told


def _rehearsal(specification: Specification, plan: Plan, why: str) -> Environment:
    from tui.rehearsal.assumed import assumed_recording
    from tui.rehearsal.recording import bundled_recording, read_recording
    from tui.rehearsal.rehearse import RehearsalEnvironment

    folder = specification.recording or bundled_recording(plan.name)
    recording = read_recording(folder) if folder else assumed_recording(plan, _earlier(plan))
    names = [one_line(fault.cause) for _, fault in specification.loaded.missing]
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    missing = f"a real bring-up would stop: {'; '.join(names[:_MOST_NAMED])}{more}" if names else ""
    missing = "\n".join(filter(None, (missing, *_foreseen(specification))))
    return RehearsalEnvironment(recording, specification.speed, specification.fail, why, missing)


def _earlier(plan: Plan) -> Iterator[Recording]:
    """Yield the latest real runs that brought a plan up, the newest first."""
    from tui.rehearsal.recording import read_recording

    for run in islice((run for run in Store().runs(plan.name) if run.is_real), _MOST_RUNS):
        with suppress(BringupError, OSError):  # none of its tasks began, or it is pruned meanwhile
            yield read_recording(run.directory)
