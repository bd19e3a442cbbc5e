"""A plan without a recording is rehearsed with what earlier runs took, else with times assumed by kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.plans import make_plan
from tui.plan.kinds import ASSUMED, TIME_ASSUMED
from tui.plan.steps import STEPS
from tui.rehearsal.assumed import assumed_recording
from tui.rehearsal.recording import RecordedStep, Recording
from tui.run.events import Failure

if TYPE_CHECKING:
    from tui.plan.model import Plan

LOAD = {"kind": "kind.load", "images": "a:b"}
WAIT = {"kind": "kubernetes.wait", "rollouts": "deployment/a"}


def plan(**task: object) -> Plan:
    cluster = {"name": "c", "kubeconfig": "/k"}
    return make_plan([{"deploy": []}], cluster=cluster, tasks={"deploy": {"steps": [LOAD, WAIT], **task}})


def run(*steps: RecordedStep) -> Recording:
    return Recording("", {"deploy": list(steps)})


def done(title: str, seconds: float, changed: bool = True, failure: Failure | None = None) -> RecordedStep:
    return RecordedStep(title, 3.0, seconds, changed, failure=failure)


def took(recording: Recording) -> list[tuple[float, bool]]:
    return [(step.seconds, step.note == TIME_ASSUMED) for step in recording.steps["deploy"]]


def test_without_earlier_runs_times_are_those_of_the_kinds() -> None:
    made = assumed_recording(plan(), [])
    assert took(made) == [(ASSUMED["kind.load"].seconds, True), (ASSUMED["kubernetes.wait"].seconds, True)]
    assert made.about == "times are assumed by kind of step, as none is known"


def test_what_an_earlier_run_did_is_taken_from_the_newest_that_succeeded_in_it() -> None:
    broken = run(done("kind.load a:b", 5), done("kubernetes.wait deployment/a", 9, failure=Failure("no")))
    older = run(done("kind.load a:b", 50), done("kubernetes.wait deployment/a", 7))
    made = assumed_recording(plan(), [broken, older])
    assert took(made) == [(5, False), (7, False)]
    assert made.about == "timings and logs are those of earlier runs"


def test_a_run_that_found_it_done_says_less_than_an_older_one_that_did_it() -> None:
    warm, cold = (run(done("kind.load a:b", *each)) for each in ((0.1, False), (8, True)))
    assert took(assumed_recording(plan(), [warm, cold]))[0] == (8, False)
    assert took(assumed_recording(plan(), [warm]))[0] == (0.1, False)


def test_a_step_that_has_changed_since_is_assumed() -> None:
    made = assumed_recording(plan(), [run(done("kind.load a:b", 5), done("kubernetes.wait deployment/b", 7))])
    assert took(made) == [(5, False), (ASSUMED["kubernetes.wait"].seconds, True)]
    assert made.about.endswith("; the times of 1 step are assumed by kind")


def test_assumed_times_keep_within_timeouts() -> None:
    assert took(assumed_recording(plan(steps=[{**WAIT, "timeout": 4}]), [])) == [(2, True)]
    assert sum(seconds for seconds, _ in took(assumed_recording(plan(timeout=10), []))) == pytest.approx(5)


def test_what_is_not_wanted_takes_no_time() -> None:
    assert took(assumed_recording(plan(steps=[{**WAIT, "when": False}]), [])) == [(0, True)]


def test_only_kinds_that_exist_have_assumed_times() -> None:
    assert set(ASSUMED) <= set(STEPS)
