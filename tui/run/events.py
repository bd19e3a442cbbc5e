"""Everything that can happen in a run, as immutable events. All else is derived from them."""

from __future__ import annotations

from dataclasses import field
from typing import ClassVar, Literal, NamedTuple

from tui.plan.address import LOCAL
from tui.run.light import dataclass

Outcome = Literal["succeeded", "failed", "cancelled", "skipped"]
"""A task's final states. Skipped: something that it needs did not succeed."""

RunOutcome = Literal["succeeded", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened.

    Attributes:
        at: Seconds since the run began.
    """

    at: float
    type: ClassVar[str] = ""


@dataclass(frozen=True, slots=True)
class TaskOutline:
    """What readers of a run need to know of a task without its plan.

    Attributes:
        host: Where it runs, if it names a host.
        digest: A checksum of all that decides what it does.
        kinds: The kind of each step; none in journals that do not tell.
        clusters: The plan's name for the cluster of each step; none where it does not have several.
    """

    id: str
    title: str
    needs: tuple[str, ...]
    steps: tuple[str, ...]
    host: str = ""
    digest: str = ""
    kinds: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PhaseOutline:
    """What readers of a run need to know of a phase without its plan."""

    id: str
    title: str
    tasks: tuple[TaskOutline, ...]


@dataclass(frozen=True, slots=True)
class Machine:
    """The size of the machine that a run runs on."""

    system: str
    cores: int
    memory_gib: float


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a step failed.

    Attributes:
        cause: What went wrong.
        hint: What to do, if that is known.
        step: The step's place in its task, from 0.
        title: The step's title.
        signature: The name or pattern of the known failure that it is, if the plan retries that.
        details: Lines that show it.
        tail: The task's last lines of output.
    """

    cause: str
    hint: str = ""
    step: int = 0
    title: str = ""
    signature: str = ""
    details: tuple[str, ...] = ()
    tail: tuple[str, ...] = ()

    @property
    def further(self) -> tuple[str, ...]:
        """The lines of the tail to show after the details: none where these quote it."""
        told = {line.strip() for line in self.details if line.strip()}
        lines = tuple(line for line in self.tail if line.strip())
        return () if any(line.strip() in told for line in lines) else lines


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    """A run started.

    Attributes:
        run: Its id.
        plan: The plan's name.
        title: The plan's title.
        path: The plan's file, as the user named it.
        digest: Checksum of plan and variables.
        phases: What is to be done.
        mode: The mode that it starts in.
        environment: `kind` or `rehearsal`.
        limit: Most tasks at once, or None.
        started: Wall clock, ISO 8601 with zone.
        machine: What it runs on.
        bringup: The version that runs it.
        files: --values files.
        settings: --set settings, secrets masked.
        resumed: The run that this one resumes, if any.
        note: What every view must show: that it is a rehearsal and of what, or which run it takes down.
        purpose: `up` or `down`.
        recording: For a rehearsal, the run that is rehearsed, if it is not the bundled one.
        speed: How many times as fast as its recording a rehearsal is.
        hosts: The addresses of the machines that it runs on, by their names in the plan; `local` is this one.
            None where it runs on this one alone.
        cluster: The name of the plan's cluster, if it has one.
        can_go_down: The plan has steps that take the environment away again.
        prefetch: Whether steps may run ahead of their places; None: in eager mode.
    """

    run: str
    plan: str
    title: str
    path: str
    digest: str
    phases: tuple[PhaseOutline, ...]
    mode: str
    environment: str
    limit: int | None
    started: str
    machine: Machine
    bringup: str
    files: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    resumed: str = ""
    note: str = ""
    purpose: str = "up"
    recording: str = ""
    speed: float = 1.0
    hosts: dict[str, str] = field(default_factory=dict)
    cluster: str = ""
    can_go_down: bool = True
    prefetch: bool | None = None
    type: ClassVar[str] = "run-started"

    @property
    def where(self) -> str:
        """The machines that the run runs on, in words."""
        addresses = dict.fromkeys(self.hosts.values()) or [LOCAL]
        return ", ".join(
            "this machine" if each == LOCAL else each.removeprefix("ssh://") for each in addresses
        )


@dataclass(frozen=True, slots=True)
class RunFinished(Event):
    """A run finished; nothing of it runs any more."""

    outcome: RunOutcome
    type: ClassVar[str] = "run-finished"


@dataclass(frozen=True, slots=True)
class ModeChanged(Event):
    """The mode was changed."""

    mode: str
    type: ClassVar[str] = "mode-changed"


@dataclass(frozen=True, slots=True)
class RunPaused(Event):
    """A run was paused: no task starts until it is resumed; running tasks go on."""

    type: ClassVar[str] = "run-paused"


@dataclass(frozen=True, slots=True)
class RunResumed(Event):
    """A paused run was resumed: tasks start again."""

    type: ClassVar[str] = "run-resumed"


@dataclass(frozen=True, slots=True)
class OutputMade(Event):
    """A command has printed what later steps use, or an earlier run's is taken over.

    Attributes:
        name: The output's name in the whole plan.
        value: The output; None where it is secret.
    """

    name: str
    value: str | None
    type: ClassVar[str] = "output-made"


@dataclass(frozen=True, slots=True)
class CancelRequested(Event):
    """A task was asked to stop, or the whole run if `task` is empty."""

    task: str = ""
    type: ClassVar[str] = "cancel-requested"


class Usage(NamedTuple):
    """What processes used while a sample was taken.

    Attributes:
        cpu: Cores that they kept busy, on average: 1.5 is one and a half.
        memory: MiB that they held at its end, without what is only cached files.
        read: MB that they read from disks in a second.
        written: MB that they wrote to disks in a second.
    """

    cpu: float = 0.0
    memory: float = 0.0
    read: float = 0.0
    written: float = 0.0


@dataclass(frozen=True, slots=True)
class Sampled(Event):
    """What a host was busy with, measured while a task runs; it ends at `at`.

    The parts are parts of `machine`; what is left of it belongs to others, or to the system. A part is None
    where it cannot be measured.

    Attributes:
        seconds: How long the sample took: usually one second.
        host: The host, by its name in the plan.
        cores: How many cores it has.
        memory: MiB of memory that it has.
        load: Processes that ran or waited to run, on average over the last minute.
        machine: All that runs there.
        nodes: The cluster's nodes, with all that runs in them.
        engine: The container engine: its daemons and what builds images.
        programs: The programs that steps started.
        own: Bringup itself.
    """

    seconds: float
    host: str
    cores: int
    memory: float
    load: float
    machine: Usage
    nodes: Usage | None = None
    engine: Usage | None = None
    programs: Usage | None = None
    own: Usage | None = None
    type: ClassVar[str] = "sampled"


@dataclass(frozen=True, slots=True)
class TaskEvent(Event):
    """Something that happened to a task."""

    task: str


@dataclass(frozen=True, slots=True)
class TaskKept(TaskEvent):
    """A task is not run: the run `run` did it earlier, or, if that is empty, the user left it out."""

    run: str
    type: ClassVar[str] = "task-kept"


@dataclass(frozen=True, slots=True)
class TaskReset(TaskEvent):
    """A finished task waits again."""

    type: ClassVar[str] = "task-reset"


@dataclass(frozen=True, slots=True)
class TaskFinished(TaskEvent):
    """A task finished.

    Attributes:
        outcome: Which one.
        because: For a skipped task, the task that it needed.
    """

    outcome: Outcome
    because: str = ""
    type: ClassVar[str] = "task-finished"


@dataclass(frozen=True, slots=True)
class AttemptStarted(TaskEvent):
    """An attempt of a task started; attempts count from 1."""

    attempt: int
    type: ClassVar[str] = "attempt-started"


@dataclass(frozen=True, slots=True)
class AttemptFinished(TaskEvent):
    """An attempt of a task finished."""

    attempt: int
    outcome: Outcome
    failure: Failure | None = None
    type: ClassVar[str] = "attempt-finished"


@dataclass(frozen=True, slots=True)
class RetryScheduled(TaskEvent):
    """A failed task will be retried.

    Attributes:
        attempt: The attempt that failed.
        delay: Seconds until the next.
        signature: The known failure that it is retried for.
    """

    attempt: int
    delay: float
    signature: str
    type: ClassVar[str] = "retry-scheduled"


@dataclass(frozen=True, slots=True)
class StepStarted(TaskEvent):
    """A step started; steps count from 0."""

    attempt: int
    step: int
    title: str
    type: ClassVar[str] = "step-started"


@dataclass(frozen=True, slots=True)
class StepFinished(TaskEvent):
    """A step succeeded.

    Attributes:
        changed: False where its work was already done.
        note: What was done, or found.
    """

    attempt: int
    step: int
    changed: bool = True
    note: str = ""
    type: ClassVar[str] = "step-finished"


@dataclass(frozen=True, slots=True)
class CpuUsed(TaskEvent):
    """The programs of a step that is about to finish used CPU time; what it used elsewhere is not told.

    Attributes:
        seconds: CPU seconds, on any core, of the programs that it started and of what these waited for.
    """

    attempt: int
    step: int
    seconds: float
    type: ClassVar[str] = "cpu-used"


@dataclass(frozen=True, slots=True)
class PrefetchStarted(TaskEvent):
    """A step started ahead of its place: its task waits, but what the step needs is there.

    Attributes:
        attempt: The number of the attempt to come.
    """

    attempt: int
    step: int
    title: str
    type: ClassVar[str] = "prefetch-started"


@dataclass(frozen=True, slots=True)
class PrefetchFinished(TaskEvent):
    """A step that ran ahead finished; one that failed runs again at its place.

    Attributes:
        note: What was done, or found, or why it failed.
    """

    attempt: int
    step: int
    outcome: Outcome = "succeeded"
    changed: bool = True
    note: str = ""
    type: ClassVar[str] = "prefetch-finished"


@dataclass(frozen=True, slots=True)
class SpanStarted(TaskEvent):
    """A span started.

    Attributes:
        span: Its number, unlike any other of the task.
        name: `pull`, `schedule`, `start`, `ready`, ….
        subject: Whose.
    """

    attempt: int
    step: int
    span: int
    name: str
    subject: str = ""
    type: ClassVar[str] = "span-started"


@dataclass(frozen=True, slots=True)
class SpanFinished(TaskEvent):
    """A span finished."""

    attempt: int
    span: int
    type: ClassVar[str] = "span-finished"


@dataclass(frozen=True, slots=True)
class PodProbed(TaskEvent):
    """A pod that a step waited for became ready, as its readiness probe said.

    Attributes:
        pod: `pod/NAME`.
        owner: The rollout that it belongs to, as `deployment/NAME`.
        delay: Seconds after the container's start until the probe first looks.
        period: Seconds between two looks.
        waited: Seconds from when all its containers ran until it was ready.
        silent: Seconds of these after the last line that it printed; None where it had printed nothing.
    """

    attempt: int
    step: int
    pod: str
    owner: str
    delay: float
    period: float
    waited: float
    silent: float | None = None
    type: ClassVar[str] = "pod-probed"


@dataclass(frozen=True, slots=True)
class Progressed(TaskEvent):
    """A step reported its progress.

    Attributes:
        done: How much of it, in `unit`.
        total: How much it will be, where that is known.
        unit: `B` for bytes, else a noun in the plural.
        what: What is counted.
    """

    attempt: int
    step: int
    done: float
    total: float | None = None
    unit: str = ""
    what: str = ""
    type: ClassVar[str] = "progressed"


MOST_LINES = 1000
"""Lines that one event of output holds at most."""


@dataclass(frozen=True, slots=True)
class Output(TaskEvent):
    r"""Lines that one source printed at one moment. The journal keeps these in a file a task.

    Attributes:
        text: One line or several, with `\n` between them and none at the end.
        source: Who wrote it, where that is not the step itself.
    """

    attempt: int
    step: int
    text: str
    source: str = ""
    type: ClassVar[str] = "output"

    @property
    def lines(self) -> list[str]:
        """The lines, at least one."""
        return self.text.split("\n")


@dataclass(frozen=True, slots=True)
class Warned(TaskEvent):
    """A task reported something that did not go well but is no failure."""

    attempt: int
    text: str
    type: ClassVar[str] = "warned"
