"""A run that is ready to start: its session, its journal, and the lock on its cluster."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import os
import platform
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tui import __version__
from tui.cluster.forwards import Forwards
from tui.engine.awake_loop import AwakeLoop
from tui.engine.engine import Engine
from tui.engine.session import Session
from tui.launch.choose_environment import choose_environment, take_up_clusters
from tui.launch.choose_snapshot import AUTO, NEVER, choose_snapshot
from tui.launch.cluster_lock import ClusterLock, unwritable
from tui.launch.left_behind import end_left_behind
from tui.launch.request import UsageError
from tui.launch.specification import resolve_run, resolve_up, stored_setting
from tui.plan.address import DEFAULT, LOCAL
from tui.plan.bundled import manifests_folder
from tui.plan.labels import OWNER
from tui.plan.model import Phase, Task
from tui.plan.placement import placement
from tui.plan.steps import ClusterDelete, ClusterStop
from tui.run import events as e
from tui.run.directories import cache_directory
from tui.run.feed import Feed
from tui.run.journal import Journal
from tui.run.outline import outline
from tui.run.pruning import Limits, prune
from tui.run.store import Store, new_run_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tui.actions.environment import Environment
    from tui.hosts.ssh.login import Prompter
    from tui.launch.request import Request
    from tui.launch.specification import Specification
    from tui.plan.load import LoadedPlan
    from tui.plan.model import Plan
    from tui.plan.steps import Step


@dataclass(frozen=True, slots=True)
class Launch:
    """A run that is ready to start.

    Attributes:
        session: The run.
        loaded: Its plan.
        folder: Its journal's directory.
        environment: What it is brought up in.
        started: Its first event, but for its time.
        forwards: The ports that lead to its cluster while it runs.
    """

    session: Session
    loaded: LoadedPlan
    folder: Path
    environment: Environment
    started: e.RunStarted
    forwards: Forwards


@contextlib.contextmanager
def launch_up(request: Request, stay: bool = False, prompter: Prompter | None = None) -> Iterator[Launch]:
    """Prepare a run that brings a plan up, and lock its cluster until left.

    Args:
        request: What was asked for.
        stay: Whether the run waits for commands when all tasks have finished.
        prompter: Asks the user what is not known of a machine over SSH.

    Raises:
        PlanError: The plan is not usable.
        UsageError: What was asked for does not fit it.
        NotReadyError: The environment is not ready, or another run holds the cluster.
    """
    store = Store()
    specification = resolve_up(request, store)
    plan, run = specification.plan, specification.run
    with (
        asyncio.Runner(loop_factory=AwakeLoop) as runner,
        _environment(runner, specification, plan, prompter) as environment,
    ):
        if run is not None and environment.name == "kind":
            runner.run(take_up_clusters(plan, environment, specification.done))
        started = _started(plan, specification, environment)
        if specification.snapshot not in (AUTO, NEVER) and (run or environment.name != "kind"):
            raise UsageError("--from-snapshot: the run makes no cluster", "leave it out")
        if run is None and environment.name == "kind":
            tasks = [task for task in plan.tasks if task.id not in specification.done]
            choice = runner.run(choose_snapshot(plan, tasks, environment.hosts, specification.snapshot))
            environment.restoration = choice.restoration
            started = _noted(started, choice.note)
        if run is not None:
            again = "; ".join(f"{task} ({why})" for task, why in specification.again.items())
            told = f"runs again what run {run.id} did: {again}" if again else ""
            started = replace(_noted(started, told), resumed=run.id)
        with _launch(plan, specification, environment, started, runner, store, stay) as launch:
            yield launch


@contextlib.contextmanager
def launch_down(
    request: Request, prompter: Prompter | None = None, *, stop: bool = False
) -> Iterator[Launch]:
    """Prepare a run that takes a plan's environment down.

    Args:
        request: What was asked for.
        stop: Only stop the clusters, so that they can be started again.
        prompter: Asks the user what is not known of a machine over SSH.

    Raises:
        PlanError: The plan is not usable.
        UsageError: The plan has no steps for it.
        NotReadyError: The environment is not ready, or another run holds the cluster.
    """
    store = Store()
    specification = resolve_run(request, store)
    whole, run = specification.plan, specification.run
    if run is not None and not run.is_real and store.leads_to_run(request.plan or ""):
        raise UsageError(f"run {run.id} was a rehearsal, which created nothing", "name a real run, or a plan")
    made = [name for name, cluster in whole.clusters.items() if not cluster.stands]
    if stop and not made:
        what = "does not make its cluster" if whole.clusters else "has no cluster"
        raise UsageError(f"--stop: the plan {what}", "take it down without --stop")
    if not (whole.can_go_down or stop):
        kind = "cluster.delete" if whole.clusters else "command, shell: …"
        raise UsageError("the plan has no steps that take it down", f"add `down: [{{kind: {kind}}}]` to it")
    stops: tuple[Step, ...] = tuple(ClusterStop(kind="cluster.stop", cluster=name or None) for name in made)
    phases = (
        Phase(
            id="down",
            title="Take down",
            tasks=_down_tasks(whole, stops if stop else _down_steps(whole)),
        ),
    )
    plan = whole.model_copy(update={"phases": phases})
    loaded = specification.loaded  # taking it down needs no file that bringing it up does
    loaded = replace(loaded, missing=tuple(each for each in loaded.missing if each[0][0] == "down"))
    specification = replace(specification, loaded=loaded, environment="kind", done={}, mode="sequential")
    with (
        asyncio.Runner(loop_factory=AwakeLoop) as runner,
        _environment(runner, specification, plan, prompter) as environment,
    ):
        started = replace(_started(plan, specification, environment), purpose="down")
        if run is not None and run.is_real:
            verb = "stops" if stop else "takes down"
            started = replace(started, note=f"{verb} what run {run.id} brought up")
        with _launch(plan, specification, environment, started, runner, store) as launch:
            yield launch


def _down_steps(plan: Plan) -> tuple[Step, ...]:
    """Return the steps that take a plan down; of clusters that stand, what was made there goes last."""
    standing = {name: cluster for name, cluster in plan.clusters.items() if cluster.stands}
    others = (
        step
        for step in plan.down
        if not (isinstance(step, ClusterDelete) and (step.cluster or "") in standing)
    )
    title = f"Delete what has the label {OWNER}="
    last = (
        ClusterDelete(
            kind="cluster.delete",
            title=f"{title}{cluster.owner}{f' in {name}' if name else ''}",
            cluster=name or None,
        )
        for name, cluster in standing.items()
    )
    return (*others, *last)


def _down_tasks(plan: Plan, steps: tuple[Step, ...]) -> tuple[Task, ...]:
    """Return a task for each step that takes the plan down, so that all are run though one fails."""
    places = placement(plan)
    if len(steps) == 1:
        host = places.of_cluster(steps[0])
        return (Task(id="down", title="Take down", host=host, steps=steps),)
    return tuple(
        Task(id=f"down-{number}", title=step.describe(), host=places.of_cluster(step), steps=(step,))
        for number, step in enumerate(steps, 1)
    )


@contextlib.contextmanager
def _environment(
    runner: asyncio.Runner, specification: Specification, plan: Plan, prompter: Prompter | None
) -> Iterator[Environment]:
    """Open the environment on the runner's loop, which its connections belong to and the run goes on."""
    loop = runner.get_loop()
    environment = runner.run(choose_environment(specification, plan, prompter))
    try:
        yield environment
    finally:
        if not loop.is_closed():  # the run has never begun: it closes them itself
            runner.run(environment.hosts.close())


@contextlib.contextmanager
def _launch(
    plan: Plan,
    specification: Specification,
    environment: Environment,
    started: e.RunStarted,
    runner: asyncio.Runner,
    store: Store,
    stay: bool = False,
) -> Iterator[Launch]:
    limits = Limits.from_environment()
    lock = ClusterLock(plan, started) if environment.name != "rehearsal" else None
    with lock or contextlib.nullcontext():
        if lock and specification.run and (left := runner.run(end_left_behind(specification.run))):
            told = f"ended what run {specification.run.id} had left running: {', '.join(left)}"
            started = _noted(started, told)
        folder = store.root / started.run
        try:
            journal = Journal(folder)
        except OSError as error:
            raise unwritable(f"the run's journal cannot be kept in {folder}", error) from error

        feed = Feed(journal, clock=runner.get_loop().time)  # as the engine has it
        held = plan.forwards if stay and environment.name == "kind" else ()
        forwards = Forwards(held, environment.hosts.clusters(plan))
        engine = Engine(
            plan,
            environment,
            started,
            cache=cache_directory(),
            journal=journal,
            listener=feed.put,
            keep=specification.done,
            outputs=specification.outputs,
            stay=stay,
            lock=lock,
            sample=environment.name == "kind",
            beside=forwards,
        )
        try:
            yield Launch(
                Session(engine, feed, runner=runner),
                specification.loaded,
                folder,
                environment,
                started,
                forwards,
            )
        finally:
            journal.close()
            with contextlib.suppress(OSError):
                prune(store, limits)


def _started(plan: Plan, specification: Specification, environment: Environment) -> e.RunStarted:
    now = datetime.datetime.now(datetime.UTC)
    loaded = specification.loaded
    return e.RunStarted(
        0.0,
        run=new_run_id(now),
        plan=plan.name,
        title=plan.title,
        path=_plan_name(loaded.path),
        digest=loaded.digest,
        phases=outline(plan),
        mode=specification.mode,
        environment=environment.name,
        limit=plan.limit,
        started=now.astimezone().isoformat(timespec="seconds"),
        machine=machine(),
        bringup=__version__,
        files=tuple(str(file.resolve()) for file in loaded.files),
        settings=tuple(stored_setting(setting, plan) for setting in loaded.settings),
        note=environment.note,
        recording="" if specification.recording is None else str(specification.recording),
        speed=specification.speed,
        hosts=_remote(specification, plan) if environment.name == "kind" else {},
        cluster=plan.cluster_names,
        can_go_down=plan.can_go_down,
        prefetch=specification.prefetch,
    )


def _noted(started: e.RunStarted, text: str) -> e.RunStarted:
    """Return a run's first event with a further line in its note, unless the line is empty."""
    return replace(started, note="\n".join(filter(None, (started.note, text))))


def _remote(specification: Specification, plan: Plan) -> dict[str, str]:
    """Return the machines that a run uses, or none if it uses this one alone."""
    addresses = {DEFAULT: LOCAL, **specification.hosts, LOCAL: LOCAL}
    places = placement(plan)
    used = {name: addresses[name] for name in places.tasks.values()}
    for name in (places.main, *places.clusters.values()):
        if addresses[name] != LOCAL:  # where the plan is taken down, also if no task is for it
            used[name] = addresses[name]
    return used if set(used.values()) != {LOCAL} else {}


def _plan_name(path: Path) -> str:
    """Return how a later run finds the plan again: by the bundled plan's name, or by its file."""
    path = path.resolve()
    bundled = path.parent.parent == manifests_folder().resolve()
    return path.parent.name if bundled else str(path)


def machine() -> e.Machine:
    """Return this machine's size."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return e.Machine(platform.system(), os.cpu_count() or 1, round(memory, 1))
