from __future__ import annotations

from typing import Any

import pytest

from tests.clients.kubernetes.peer import pod
from tui.actions.kubernetes.diagnosis import Patience
from tui.actions.kubernetes.pods import containers, describe, sources, stage
from tui.plan.recognition import hint_for


def _waiting(reason: str, **changes: Any) -> dict[str, Any]:
    return pod(state={"waiting": {"reason": reason, "message": "told so"}}, **changes)


def _crashed(restarts: int) -> dict[str, Any]:
    ended = {"terminated": {"exitCode": 3, "reason": "Error"}}
    return _waiting("CrashLoopBackOff", restartCount=restarts, lastState=ended)


def test_a_crash_loop_is_hopeless_at_the_third_restart() -> None:
    patience = Patience()
    for restarts in (0, 1, 2):
        patience.see(_crashed(restarts), 0.0)
        assert patience.verdict(0.0) is None
    patience.see(_crashed(3), 0.0)
    verdict = patience.verdict(0.0)
    assert verdict
    assert verdict.container.exit_code == 3
    assert "last lines" in verdict.hint


def test_what_had_crashed_before_gets_one_more_try() -> None:
    patience = Patience()
    patience.see(_crashed(7), 0.0)
    assert patience.verdict(1000.0) is None
    patience.see(_crashed(8), 1001.0)
    assert patience.verdict(1001.0)


def test_a_running_container_is_never_hopeless() -> None:
    patience = Patience()
    patience.see(pod(state={"running": {}}, restartCount=9), 0.0)
    assert patience.verdict(1e6) is None


def test_an_image_that_cannot_be_pulled_is_hopeless_at_the_third_try() -> None:
    patience = Patience()
    for tries in range(1, 4):
        patience.see(_waiting("ErrImagePull"), 0.0)
        assert bool(patience.verdict(0.0)) is (tries == 3)
        patience.see(_waiting("ErrImagePull"), 0.0)  # told again without a new try
        patience.see(_waiting("ImagePullBackOff"), 0.0)


def test_an_image_that_cannot_be_pulled_is_hopeless_after_a_while_whatever_was_told() -> None:
    patience = Patience()
    patience.see(_waiting("ImagePullBackOff"), 0.0)
    assert patience.verdict(80.0) is None
    assert patience.verdict(100.0)


def test_an_image_that_is_always_pulled_is_told_why_loading_does_not_help() -> None:
    found = _waiting("ErrImagePull")
    found["spec"]["containers"][0]["imagePullPolicy"] = "Always"
    assert "imagePullPolicy: IfNotPresent" in hint_for(containers(found)[0].symptoms, "pod")
    found["spec"]["containers"][0]["imagePullPolicy"] = "IfNotPresent"
    assert "image.deliver" in hint_for(containers(found)[0].symptoms, "pod")


def test_a_pull_that_works_after_all_is_forgotten() -> None:
    patience = Patience()
    for reason in ("ErrImagePull", "ImagePullBackOff", "ErrImagePull"):
        patience.see(_waiting(reason), 0.0)
    patience.see(pod(state={"running": {}}), 10.0)
    patience.see(_waiting("ErrImagePull"), 200.0)
    assert patience.verdict(200.0) is None


@pytest.mark.parametrize(
    ("reason", "after"),
    [("InvalidImageName", 0.0), ("ErrImageNeverPull", 0.0), ("CreateContainerConfigError", 10.0)],
)
def test_states_that_seldom_pass_are_given_their_time(reason: str, after: float) -> None:
    patience = Patience()
    patience.see(_waiting(reason), 100.0)
    assert patience.verdict(100.0 + after)
    if after:
        assert patience.verdict(100.0 + after - 1) is None


def test_a_kubelet_that_has_not_read_all_yet_is_given_a_minute() -> None:
    patience = Patience()
    told = "services have not yet been read at least once, cannot construct envvars"
    waiting = {"waiting": {"reason": "CreateContainerConfigError", "message": told}}
    patience.see(pod(state=waiting), 100.0)
    assert patience.verdict(159.0) is None
    verdict = patience.verdict(160.0)
    assert verdict
    assert "kubelet" in verdict.hint


def test_a_container_out_of_memory_is_told_of() -> None:
    patience = Patience()
    ended = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}
    patience.see(_waiting("CrashLoopBackOff", restartCount=0, lastState=ended), 0.0)
    patience.see(_waiting("CrashLoopBackOff", restartCount=3, lastState=ended), 0.0)
    verdict = patience.verdict(0.0)
    assert verdict
    assert "memory" in verdict.hint
    assert "OOMKilled" in str(verdict.container)


def test_a_pods_state_is_one_line() -> None:
    assert describe(_crashed(2)) == "app: CrashLoopBackOff, exit code 3, restarts: 2"
    assert describe(pod(state={"running": {}})) == "app: running"
    ready = pod(state={"running": {}})
    ready["status"]["conditions"].append({"type": "Ready", "status": "True"})
    assert describe(ready) == "ready"
    unscheduled = pod()
    unscheduled["status"]["conditions"] = [
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no node"}
    ]
    assert describe(unscheduled) == "not scheduled: no node"
    evicted = {
        "metadata": {"name": "p"},
        "status": {"phase": "Failed", "reason": "Evicted", "message": "disk"},
    }
    assert describe(evicted) == "Failed: Evicted: disk"


def test_a_pod_goes_through_its_stages() -> None:
    fresh = pod()
    fresh["status"] = {"phase": "Pending"}
    assert stage(fresh) == "schedule"
    assert stage(pod()) == "start"
    assert stage(pod(state={"running": {}})) == "ready"
    assert stage(_crashed(1)) == "ready"  # it did start


def test_a_container_without_a_state_is_waiting() -> None:
    found = pod()
    found["status"]["containerStatuses"][0].pop("state")
    assert containers(found)[0].phase == "waiting"


def test_lines_name_the_container_where_there_are_several() -> None:
    found = pod()
    assert sources(found) == {"app": "pod/app-1"}
    found["spec"]["initContainers"] = [{"name": "prepare"}]
    assert sources(found) == {"prepare": "pod/app-1:prepare", "app": "pod/app-1:app"}
