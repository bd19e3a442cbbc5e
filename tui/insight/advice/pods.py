"""Pods that were ready before anybody looked: probes that begin late or look seldom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.insight.advice.finding import FastProbes, Finding
from tui.text import one_line, plural, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.insight.whole_run import WholeRun
    from tui.run.attempt_state import AttemptState, StepState
    from tui.run.events import PodProbed
    from tui.run.state import RunState

_APPLIES = "kubernetes.apply"
_READY_WITHIN = 1.0  # seconds that a pod takes to be seen ready, by a probe that looks every second
_ENDS_WITHIN = 2.0  # seconds after its last pod in which a step ends that waited for pods alone
_WORTH_CHANGING = 2.0  # seconds that a pod waited for its probe


def find(state: RunState) -> Iterator[Finding]:
    """Yield the steps that waited for pods that waited for their probes."""
    for task in state.tasks.values():
        attempt = task.attempt
        for step in attempt.steps if attempt and attempt.outcome == "succeeded" else ():
            assert attempt is not None
            late = [probed for probed in _of(attempt, step) if _lost(probed) >= _WORTH_CHANGING]
            if late:
                applies = tuple(i for i, kind in enumerate(task.kinds[: step.step]) if kind == _APPLIES)
                yield _finding(task.id, one_line(task.title), step, late, applies)


def _finding(
    task: str, title: str, step: StepState, late: list[PodProbed], applies: tuple[int, ...]
) -> Finding:
    slowest = max(late, key=_lost)
    owners = tuple(dict.fromkeys(probed.owner for probed in late))
    looks = f"begins after {slowest.delay:g} s and looks every {slowest.period:g} s"
    return Finding(
        "probe",
        f"let the readiness probe{'s' * (len(owners) > 1)} of {', '.join(owners)} look every second",
        task=task,
        why=f"{title} waited for {plural(len(late), 'pod')} that had printed the last line up to"
        f" {seconds(max(probed.silent or 0.0 for probed in late))} before: a probe {looks}",
        caveat="a pod may still have started up after its last line; then it gains less",
        how="set `probes: fast` in the `kubernetes.apply` step that applies them",
        change=FastProbes(task, applies) if applies else None,
        changed=lambda run, other: _changed(run, other, task, step.step),
    )


def _changed(run: WholeRun, state: RunState, task: str, number: int) -> WholeRun | None:
    attempt = state.tasks[task].attempt if task in state.tasks else None
    step = next((each for each in attempt.steps if each.step == number), None) if attempt else None
    if attempt is None or step is None or step.finished is None or not _of(attempt, step):
        return None
    took = step.finished - step.started
    ready = _ready_at(attempt, step, 0.0)
    if step.finished - ready > _ENDS_WITHIN:  # it waited for something else
        return None
    saved = ready - _ready_at(attempt, step, 1.0)
    return run.scaled({(task, number): max(took - saved, 0.0) / took}) if took and saved > 0 else run


def _ready_at(attempt: AttemptState, step: StepState, share: float) -> float:
    """Return when a step's last pod would have been ready without some share of what probes lost."""
    probed = _of(attempt, step)
    known = {each.pod for each in probed}
    others = (
        span.finished
        for span in attempt.spans
        if span.step == step.step and span.finished is not None and span.subject not in known
    )
    return max([step.started, *(each.at - share * _lost(each) for each in probed), *others])


def _of(attempt: AttemptState, step: StepState) -> list[PodProbed]:
    return [probed for probed in attempt.probed if probed.step == step.step]


def _lost(probed: PodProbed) -> float:
    """Return the seconds that a pod was held up by its probe at least, as far as its silence tells."""
    if probed.silent is None:
        return 0.0
    silent = min(probed.silent, probed.waited, probed.delay + probed.period)
    return max(silent - _READY_WITHIN, 0.0)
