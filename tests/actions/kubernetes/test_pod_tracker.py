from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.kubernetes.peer import pod, recorder
from tui.actions.kubernetes.pod_tracker import PodTracker
from tui.actions.kubernetes.rollouts import Rollout
from tui.reporter import Probed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.actions.recorder import Recorder

ROLLOUT = Rollout("deployment", "app", "default")
IMAGE = "postgres:16"


@pytest.fixture
def ctx(tmp_path: Path) -> Recorder:
    return recorder(tmp_path)


def _event(reason: str, message: str, uid: str = "", **more: Any) -> dict[str, Any]:
    return {"metadata": {"uid": uid or reason}, "reason": reason, "message": message, **more}


def _pulling() -> dict[str, Any]:
    return _event("Pulling", f'Pulling image "{IMAGE}"')


def _with(found: dict[str, Any], **conditions: str) -> dict[str, Any]:
    found["status"]["conditions"] = [{"type": kind, "status": value} for kind, value in conditions.items()]
    return found


def _open(ctx: Recorder) -> list[str]:
    return [span.name for span in ctx.spans if not span.closed]


def test_each_interval_ends_where_the_next_begins(ctx: Recorder) -> None:
    fresh = _with(pod(), PodScheduled="False")
    watched = PodTracker(fresh, ROLLOUT, ctx)
    opened = []
    for state in (
        fresh,
        _with(pod(), PodScheduled="True"),
        _with(pod(state={"running": {}}), PodScheduled="True"),
        _with(pod(state={"running": {}}), PodScheduled="True", Ready="True"),
        _with(pod(state={"running": {}}), PodScheduled="True", Ready="False"),
    ):
        watched.see(state, 0.0)
        opened.append(_open(ctx))
    assert opened == [["schedule"], ["start"], ["ready"], [], []]


def test_what_a_pod_waited_for_its_probe_is_told_once_it_is_ready(ctx: Recorder) -> None:
    def running(**conditions: str) -> dict[str, Any]:
        found = _with(pod(state={"running": {}}), PodScheduled="True", **conditions)
        found["spec"]["containers"][0]["readinessProbe"] = {"initialDelaySeconds": 5}
        return found

    watched = PodTracker(pod(), ROLLOUT, ctx)
    watched.see(running(), 10.0)
    watched.take_lines("app", ["listening"], 12.0)
    watched.see(running(Ready="True"), 20.0)
    watched.see(running(Ready="False"), 21.0)
    watched.see(running(Ready="True"), 25.0)
    assert ctx.probes == [Probed("pod/app-1", "deployment/app", 5.0, 10.0, 10.0, 8.0)]


def test_a_pull_is_measured_from_its_event_to_its_end(ctx: Recorder) -> None:
    watched = PodTracker(pod(), ROLLOUT, ctx)
    watched.take_event(_pulling(), live=True)
    assert [(span.name, span.subject) for span in ctx.spans] == [("pull", IMAGE)]
    watched.take_event(_event("Pulled", f'Successfully pulled image "{IMAGE}" in 2s'), live=True)
    assert _open(ctx) == []


def test_of_the_past_only_what_goes_on_is_measured(ctx: Recorder) -> None:
    watched = PodTracker(pod(), ROLLOUT, ctx)
    watched.take_event(_pulling(), live=False)
    watched.take_event(_event("Pulled", f'Successfully pulled image "{IMAGE}"'), live=False)
    watched.take_event(_event("Pulling", 'Pulling image "redis:7"', "second"), live=False)
    watched.end_history()
    assert [span.subject for span in ctx.spans] == ["redis:7"]
    watched.close()
    assert _open(ctx) == []


def test_an_event_is_told_once_a_count_and_kept_once(ctx: Recorder) -> None:
    watched = PodTracker(pod(), ROLLOUT, ctx)
    for count in (1, 1, 2):
        watched.take_event(_event("BackOff", "again\n", count=count, type="Warning"), live=True)
    assert [line for _, line in ctx.lines] == ["warning: BackOff: again", "warning: BackOff: again (×2)"]
    assert watched.events == ["warning: BackOff: again (×2)"]


def test_a_pod_that_was_ready_is_quiet_until_it_falls_back(ctx: Recorder) -> None:
    ready = _with(pod(state={"running": {}}, containerID="run-1"), PodScheduled="True", Ready="True")
    watched = PodTracker(ready, ROLLOUT, ctx)
    watched.see(ready, 0.0)
    watched.take_event(_event("Started", "Started container"), live=False)
    assert watched.new_runs() == []
    assert ctx.lines == []
    watched.see(_with(pod(state={"running": {}}, containerID="run-2"), PodScheduled="True"), 1.0)
    assert [c.run for c in watched.new_runs()] == ["run-2"]
    assert watched.new_runs() == []
    assert ctx.lines == [("pod/app-1", "app: running")]
    assert ctx.spans == []


def test_what_no_node_takes_is_warned_of_once_and_not_at_first(ctx: Recorder) -> None:
    unscheduled = _with(pod(), PodScheduled="False")
    watched = PodTracker(unscheduled, ROLLOUT, ctx)
    watched.see(unscheduled, 0.0)
    for now in (5.0, 15.0, 25.0):
        watched.look_again(now)
    assert len(ctx.warnings) == 1
    assert "pod/app-1 is not scheduled" in ctx.warnings[0]
