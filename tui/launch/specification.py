"""What is to be done, resolved from what was asked for and from the run that it refers to."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tui.launch.request import UsageError, load, plan_name
from tui.launch.selection import done_again, known_task, tasks_done
from tui.launch.standing_cluster import settled
from tui.plan.address import DEFAULT, LOCAL, parse_address
from tui.plan.faults import suggest
from tui.run.store import LATEST, RunReferenceError, Store, is_counted
from tui.secrets import MASK, Masker, is_secret_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.launch.request import Request
    from tui.plan.load import LoadedPlan
    from tui.plan.model import Plan
    from tui.run.kept_run import KeptRun


@dataclass(frozen=True, slots=True)
class Specification:
    """What is to be done.

    Attributes:
        loaded: The plan with its values files and settings.
        hosts: The addresses of the plan's hosts, by their names.
        mode: The mode to start in.
        prefetch: Whether steps run ahead of their places; None: in eager mode.
        environment: `kind`, `rehearsal`, or `auto` for the real one where it can be had.
        run: The run that this one resumes, takes down or looks at.
        done: The tasks that are not to be run, with the run that did them, or "" where none has.
        outputs: The outputs of these, as far as they are kept.
        again: The tasks that the run that is resumed did, and that run again, each with the reason.
        recording: The directory of the run that is rehearsed; None for the bundled one.
        speed: How many times as fast a rehearsal is.
        fail: For a rehearsal's tasks that are to fail, in how many attempts.
        snapshot: What the cluster is restored from: `auto`, `never`, or the id of a snapshot.
        allow_context: The context of a cluster of the plan that is allowed from now on; empty if none is.
    """

    loaded: LoadedPlan
    hosts: Mapping[str, str] = field(default_factory=dict)
    mode: str = "parallel"
    prefetch: bool | None = None
    environment: str = "auto"
    run: KeptRun | None = None
    done: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    again: Mapping[str, str] = field(default_factory=dict)
    recording: Path | None = None
    speed: float = 1.0
    fail: Mapping[str, int] = field(default_factory=dict)
    snapshot: str = "never"
    allow_context: str = ""

    @property
    def plan(self) -> Plan:
        """The plan."""
        return self.loaded.plan


def resolve_up(request: Request, store: Store) -> Specification:
    """Return what `up` is to do.

    Raises:
        PlanError: The plan is not usable.
        UsageError: What was asked for does not fit it, or the run that is resumed.
        RunReferenceError: There is no such run.
    """
    run = None if request.resume is None else _resumed_run(request, store)
    if run is not None and (down := store.taken_down_by(run)):
        cause = f"--resume: run {run.id} was taken down since, by run {down.id}"
        raise UsageError(cause, "run `bringup up` without --resume")
    return _resolve(request if run is None else _as_run(request, run), store, run)


def followed_run(request: Request, store: Store) -> KeptRun | None:
    """Return the run that a command follows: the one named in place of a plan, or the plan's latest.

    Where values are given with a plan, only a run with the same values is followed.

    Raises:
        PlanError: The plan cannot be read.
        RunReferenceError: There is no such run.
    """
    if _names_run(request, store):
        return store.open(request.plan or "")
    if not (request.files or request.settings):
        return store.latest(plan_name(request))
    loaded = load(request)
    runs = store.runs(loaded.plan.name)
    return next((run for run in runs if run.is_real and _has_same_values(run, loaded)), None)


def resolve_run(request: Request, store: Store) -> Specification:
    """Return what a command is about that follows a run.

    The run's own plan, values files, settings and host hold, where no others are given.

    Raises:
        PlanError: The plan is not usable.
        UsageError: The run was given a secret, or its plan is of another cluster by now.
        RunReferenceError: There is no such run.
    """
    run, named = followed_run(request, store), _names_run(request, store)
    if run is None or not (named or run.is_real):
        return _resolve(request, store, run)
    if named:
        request = replace(request, plan=None)
    elif request.files or request.settings:
        return _resolve(replace(request, host=_host(request, run)), store, run)
    specification = _resolve(_as_run(request, run), store, run)
    if run.started.cluster in {"", specification.plan.cluster_names} or not run.is_real:
        return specification
    if not named:  # the plan was asked for, as it is now
        return _resolve(request, store, None)
    raise UsageError(
        f"run {run.id} was of cluster {run.started.cluster!r}, which its plan does not name any more",
        "undo the change, or name the plan in place of the run",
    )


def resolve_plan(request: Request, store: Store) -> Specification:
    """Return the specification of a command that looks at a plan, or at the plan of a run.

    Raises:
        PlanError: The plan is not usable.
        UsageError: The run was given a secret, or its plan is of another cluster by now.
        RunReferenceError: There is no such run.
    """
    resolve = resolve_run if _names_run(request, store) else resolve_up
    return resolve(request, store)


def stored_setting(setting: str, plan: Plan) -> str:
    """Return a setting as the journal may keep it."""
    name, _, value = setting.partition("=")
    named = any(name == known or known.startswith(f"{name}.") for known in plan.secrets)
    masked = MASK if named or is_secret_key(name) else Masker(plan.secret_values).mask(value)
    return f"{name}={masked}"


def _names_run(request: Request, store: Store) -> bool:
    return request.plan is not None and store.leads_to_run(request.plan)


def _has_same_values(run: KeptRun, loaded: LoadedPlan) -> bool:
    files = tuple(str(file.resolve()) for file in loaded.files)
    settings = tuple(stored_setting(setting, loaded.plan) for setting in loaded.settings)
    same = (run.started.files, run.started.settings) == (files, settings)
    return same or run.started.digest == loaded.digest


def _resolve(request: Request, store: Store, run: KeptRun | None) -> Specification:
    loaded = load(request)
    for task in request.fail:
        known_task(task, loaded.plan, "--fail")
    hosts = host_addresses(request, loaded.plan)
    earlier = run if request.resume is not None else None
    done = tasks_done(request, loaded, earlier)
    makers = {name: task.id for name, (task, _) in loaded.plan.outputs.makers.items()}
    known = earlier.state.outputs if earlier is not None else {}
    return Specification(
        loaded=settled(loaded, hosts),
        hosts=hosts,
        mode=request.mode or "parallel",
        prefetch=request.prefetch,
        environment=request.environment,
        run=run,
        done=done,
        again=done_again(earlier, loaded, done) if earlier is not None else {},
        outputs={name: value for name, value in known.items() if makers.get(name) in done},
        recording=store.open(request.recording, loaded.plan.name).directory if request.recording else None,
        speed=request.speed,
        fail=request.fail,
        snapshot=request.snapshot,
        allow_context=_allowed(request.allow_context, loaded.plan),
    )


def _allowed(context: str | None, plan: Plan) -> str:
    """Return the context that was asked to be allowed, of a cluster of the plan; empty if none was.

    Raises:
        UsageError: No cluster of the plan has it.
    """
    own = [cluster.context for cluster in plan.clusters.values() if cluster.stands]
    if context is not None and context not in own:
        cause = f"--allow-context: the plan's cluster is not that of context {context!r}"
        none = "the plan makes its cluster itself" if plan.clusters else "the plan has no cluster"
        hint = f"its context is {own[0]!r}" if own else none
        raise UsageError(cause, suggest(context, own) if len(own) > 1 else hint)
    return context or ""


def host_addresses(request: Request, plan: Plan) -> dict[str, str]:
    """Return the addresses of a plan's hosts by their names, with what was asked for.

    Raises:
        UsageError: What was asked for is no address.
    """
    host = request.usual_host if request.host is None else request.host
    if host is None:
        return dict(plan.hosts)
    if host == LOCAL:
        return {**plan.hosts, DEFAULT: LOCAL}
    try:
        return {**plan.hosts, DEFAULT: parse_address(host).url}
    except ValueError as error:
        cause, hint = error.args
        raise UsageError(f"--host: {cause}", hint) from error


def _resumed_run(request: Request, store: Store) -> KeptRun:
    """Return the run to resume: the one that is named, or the latest of the plan."""
    reference = request.resume or ""
    try:
        return store.open(reference, plan_name(request) if is_counted(reference) else None)
    except RunReferenceError as error:
        hint = error.hint
        if reference == LATEST:
            hint = "run `bringup up` without --resume"
        elif Path(reference).exists():
            hint = f"name the plan first: bringup up {reference} --resume"
        raise RunReferenceError(f"--resume: {error.cause}", hint) from error


def _as_run(request: Request, run: KeptRun) -> Request:
    """Return the request with what a run was given, where it does not give it itself.

    Raises:
        UsageError: The run was given a secret, which has to be given again.
    """
    started = run.started
    lost = [setting for setting in started.settings if MASK in setting]
    given = {setting.partition("=")[0] for setting in request.settings}
    for name in (setting.partition("=")[0] for setting in lost):
        if name not in given:
            raise UsageError(
                f"run {run.id} was given {name!r}, a secret, which is not kept",
                f"name the run, and give it again: {run.id} --set {name}=…",
            )
    files = request.files or tuple(Path(file) for file in started.files)
    for file in files if not request.files else ():
        if not file.is_file():  # it was deleted since, or was a pipe
            cause = f"run {run.id} was given the values of {file}, which is not there any more"
            raise UsageError(cause, "give them again: --values FILE")
    settings = tuple(s for s in started.settings if s not in lost and s not in request.settings)
    return replace(
        request,
        plan=request.plan or started.path,
        files=files,
        settings=(*settings, *request.settings),
        mode=request.mode or run.state.mode,
        prefetch=started.prefetch if request.prefetch is None else request.prefetch,
        host=_host(request, run),
        environment=started.environment if request.environment == "auto" else request.environment,
        recording=request.recording or started.recording or None,
        speed=started.speed if request.speed == 1.0 else request.speed,
    )


def _host(request: Request, run: KeptRun) -> str | None:
    """Return the host of tasks that name none: the one asked for, else that of a real run."""
    if request.host is not None or not run.is_real:
        return request.host
    return run.started.hosts.get(DEFAULT) if run.started.hosts else LOCAL
