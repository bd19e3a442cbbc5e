"""A run that is ready to start: its session, its journal, its hold on the cluster."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import os
import platform
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tui import __version__
from tui.engine.engine import Engine
from tui.engine.session import Session
from tui.errors import NotReadyError
from tui.launch.choose_environment import choose_environment, take_up_cluster
from tui.launch.request import UsageError, host_addresses, load
from tui.launch.selection import check_same_plan, earlier_run, kept, resumed, where_it_was
from tui.plan.address import DEFAULT, LOCAL
from tui.plan.bundled import manifests_folder
from tui.plan.model import Phase, Task
from tui.plan.placement import placement
from tui.run import events as e
from tui.run.directories import cache_folder, locks_folder, runs_folder
from tui.run.feed import Feed
from tui.run.journal import Journal
from tui.run.outline import outline
from tui.secrets import MASK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tui.actions.environment import Environment
    from tui.hosts.ssh.login import Prompter
    from tui.launch.request import Request
    from tui.plan.load import LoadedPlan
    from tui.plan.model import Plan


@dataclass(frozen=True, slots=True)
class Launch:
    """A run that is ready to start.

    Attributes:
        session: The run.
        loaded: Its plan.
        folder: Its journal's folder.
        environment: What it is brought up in.
        started: Its first event, but for its time.
    """

    session: Session
    loaded: LoadedPlan
    folder: Path
    environment: Environment
    started: e.RunStarted


@contextlib.contextmanager
def launch_up(request: Request, stay: bool = False, prompter: Prompter | None = None) -> Iterator[Launch]:
    """Prepares bringing a plan up; keeps others off its cluster until left.

    Args:
        request: What was asked for.
        stay: When all tasks have ended, the run stays for commands.
        prompter: Asks the user for what is not known of a machine over SSH.

    Raises:
        PlanError: The plan is not usable.
        UsageError: What was asked for does not fit it.
        NotReadyError: The environment is not ready, or another run holds the cluster.
    """
    earlier = earlier_run(request) if request.resume is not None else None
    if earlier is not None:
        request = resumed(request, earlier)
    loaded = load(request)
    if earlier is not None:
        check_same_plan(loaded, earlier)
    keep = kept(request, loaded, earlier)
    with asyncio.Runner() as runner, _environment(runner, request, loaded.plan, prompter) as environment:
        if earlier is not None and environment.name == "kind":
            runner.run(take_up_cluster(loaded.plan, environment, keep))
        started = _started(loaded.plan, loaded, request, environment)
        if earlier is not None:
            started = replace(started, resumed=earlier.started.run)
        with _launch(loaded.plan, loaded, environment, started, runner, keep, stay) as launch:
            yield launch


@contextlib.contextmanager
def launch_down(request: Request, prompter: Prompter | None = None) -> Iterator[Launch]:
    """Prepares taking a plan's environment away.

    Args:
        request: What was asked for.
        prompter: Asks the user for what is not known of a machine over SSH.

    Raises:
        PlanError: The plan is not usable.
        UsageError: The plan has no steps for it.
        NotReadyError: The environment is not ready, or another run holds the cluster.
    """
    loaded = load(request)
    if not loaded.plan.down:
        raise UsageError("the plan has no steps that take it down", "add `down: [{kind: kind.delete}]` to it")
    request = where_it_was(request, loaded.plan)
    host = placement(loaded.plan).cluster
    task = Task(id="down", title="Take down", host=host, steps=loaded.plan.down)
    phases = (Phase(id="down", title="Take down", tasks=(task,)),)
    plan = loaded.plan.model_copy(update={"phases": phases})
    with asyncio.Runner() as runner, _environment(runner, request, plan, prompter) as environment:
        started = replace(_started(plan, loaded, request, environment), purpose="down")
        with _launch(plan, loaded, environment, started, runner, {}) as launch:
            yield launch


@contextlib.contextmanager
def _environment(
    runner: asyncio.Runner, request: Request, plan: Plan, prompter: Prompter | None
) -> Iterator[Environment]:
    """The environment; its connections belong to the runner's loop, on which the run goes on."""
    loop = runner.get_loop()
    environment = runner.run(choose_environment(request, plan, prompter))
    try:
        yield environment
    finally:
        if not loop.is_closed():  # the run has never begun: it closes them itself
            runner.run(environment.hosts.close())


@contextlib.contextmanager
def _launch(
    plan: Plan,
    loaded: LoadedPlan,
    environment: Environment,
    started: e.RunStarted,
    runner: asyncio.Runner,
    keep: dict[str, str],
    stay: bool = False,
) -> Iterator[Launch]:
    real = environment.name != "rehearsal"
    with _cluster_lock(plan, started) if real else contextlib.nullcontext():
        folder = runs_folder() / started.run
        try:
            journal = Journal(folder)
        except OSError as error:
            hint = "make the folder writable, or set XDG_STATE_HOME"
            raise NotReadyError(
                f"the run's journal cannot be kept in {folder}: {error.strerror}", hint
            ) from error

        feed = Feed(journal)
        engine = Engine(
            plan,
            environment,
            started,
            cache=cache_folder(),
            journal=journal,
            listener=feed.put,
            keep=keep,
            stay=stay,
        )
        try:
            yield Launch(Session(engine, feed, runner=runner), loaded, folder, environment, started)
        finally:
            journal.close()


def _started(plan: Plan, loaded: LoadedPlan, request: Request, environment: Environment) -> e.RunStarted:
    now = datetime.datetime.now(datetime.UTC).astimezone()
    return e.RunStarted(
        0.0,
        run=f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}",
        plan=plan.name,
        title=plan.title,
        path=_plan_name(loaded.path),
        digest=loaded.digest,
        phases=outline(plan),
        mode=request.mode or "parallel",
        environment=environment.name,
        limit=plan.limit,
        started=now.isoformat(timespec="seconds"),
        machine=machine(),
        bringup=__version__,
        files=tuple(str(file.resolve()) for file in request.files),
        settings=tuple(_storable(setting, loaded) for setting in request.settings),
        note=environment.note,
        recording=request.recording or "",
        speed=request.speed,
        hosts=_remote(request, plan) if environment.name == "kind" else {},
    )


def _remote(request: Request, plan: Plan) -> dict[str, str]:
    """The machines that a run uses, unless that is this one alone."""
    addresses = {DEFAULT: LOCAL, **host_addresses(request, plan), LOCAL: LOCAL}
    places = placement(plan)
    used = {name: addresses[name] for name in places.tasks.values()}
    if addresses[places.cluster] != LOCAL:  # where the plan is taken down, also if no task is for it
        used[places.cluster] = addresses[places.cluster]
    return used if set(used.values()) != {LOCAL} else {}


def _plan_name(path: Path) -> str:
    """How a later run finds the plan again: a bundled one's name, or the file."""
    path = path.resolve()
    bundled = path.parent.parent == manifests_folder().resolve()
    return path.parent.name if bundled else str(path)


def _storable(setting: str, loaded: LoadedPlan) -> str:
    """A setting as the journal may keep it."""
    name = setting.partition("=")[0]
    secret = any(name == known or known.startswith(f"{name}.") for known in loaded.plan.secrets)
    return f"{name}={MASK}" if secret else setting


def machine() -> e.Machine:
    """This machine's size."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return e.Machine(platform.system(), os.cpu_count() or 1, round(memory, 1))


@contextlib.contextmanager
def _cluster_lock(plan: Plan, started: e.RunStarted) -> Iterator[None]:
    """Keeps two runs off one cluster; the lock goes with its process, however that ends."""
    import fcntl

    name = plan.cluster.name if plan.cluster else plan.name
    host = started.hosts.get(placement(plan).cluster, "").removeprefix("ssh://")
    path = locks_folder() / f"{name}{f'@{host}' if host else ''}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            hint = "wait for it, or stop it with Ctrl-C where it runs"
            raise NotReadyError(f"another bringup (process {holder}) is at cluster {name!r}", hint) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
