from __future__ import annotations

from typing import Any

import pytest

from tui.actions.kubernetes.rollouts import Rollout, is_latest, is_probed, selector

DEPLOYMENT = Rollout.parse("deployment/api", "shop")
STATEFUL_SET = Rollout.parse("statefulset/db", "shop")
DAEMON_SET = Rollout.parse("daemonset/agent", "shop")


def _object(status: dict[str, Any], generation: int = 2, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"generation": generation}, "spec": spec, "status": status}


def test_what_does_not_exist_is_not_ready() -> None:
    status = DEPLOYMENT.status(None)
    assert not status.ready
    assert "does not exist in namespace shop" in status.message


@pytest.mark.parametrize(
    ("counts", "ready", "message"),
    [
        ({"observedGeneration": 1, "updatedReplicas": 2, "availableReplicas": 2}, False, "latest change"),
        (
            {"observedGeneration": 2, "updatedReplicas": 1, "availableReplicas": 1},
            False,
            "1 of 2 new replicas",
        ),
        ({"observedGeneration": 2, "updatedReplicas": 2, "replicas": 3}, False, "1 old replicas"),
        (
            {"observedGeneration": 2, "updatedReplicas": 2, "replicas": 2, "availableReplicas": 1},
            False,
            "1 of 2",
        ),
        (
            {"observedGeneration": 2, "updatedReplicas": 2, "replicas": 2, "availableReplicas": 2},
            True,
            "2 of 2",
        ),
        (
            {"observedGeneration": 3, "updatedReplicas": 2, "replicas": 2, "availableReplicas": 2},
            True,
            "2 of 2",
        ),
    ],
)
def test_a_deployment_follows_kubectls_rules(counts: dict[str, Any], ready: bool, message: str) -> None:
    status = DEPLOYMENT.status(_object(counts, replicas=2))
    assert status.ready is ready
    assert message in status.message
    assert not status.failed


def test_a_deployment_of_none_is_ready_at_once() -> None:
    assert DEPLOYMENT.status(_object({"observedGeneration": 2}, replicas=0)).ready


def test_a_deployment_past_its_progress_deadline_has_failed_and_each_failure_differs() -> None:
    def failed(time: str) -> str:
        condition = {
            "type": "Progressing",
            "status": "False",
            "reason": "ProgressDeadlineExceeded",
            "lastUpdateTime": time,
        }
        return DEPLOYMENT.status(
            _object({"observedGeneration": 2, "conditions": [condition]}, replicas=1)
        ).failed

    assert failed("10:00")
    assert failed("10:00") != failed("11:00")


@pytest.mark.parametrize(
    ("counts", "strategy", "ready", "message"),
    [
        ({}, {}, False, "latest change"),
        ({"observedGeneration": 2, "readyReplicas": 1}, {}, False, "1 of 2 pods are ready"),
        (
            {"observedGeneration": 2, "readyReplicas": 2, "updateRevision": "b", "currentRevision": "a"},
            {"rollingUpdate": {"partition": 0}},
            False,
            "0 of 2 new pods",
        ),
        (
            {"observedGeneration": 2, "readyReplicas": 2, "updateRevision": "b", "currentRevision": "a"},
            {},
            False,
            "new revision b",
        ),
        (
            {"observedGeneration": 2, "readyReplicas": 2, "updatedReplicas": 1, "updateRevision": "b"},
            {"rollingUpdate": {"partition": 1}},
            True,
            "2 of 2",
        ),
        (
            {"observedGeneration": 2, "readyReplicas": 2, "updateRevision": "a", "currentRevision": "a"},
            {"type": "RollingUpdate"},
            True,
            "2 of 2",
        ),
    ],
)
def test_a_stateful_set_follows_kubectls_rules(
    counts: dict[str, Any], strategy: dict[str, Any], ready: bool, message: str
) -> None:
    status = STATEFUL_SET.status(_object(counts, replicas=2, updateStrategy=strategy))
    assert status.ready is ready
    assert message in status.message


@pytest.mark.parametrize(
    ("counts", "ready", "message"),
    [
        ({"observedGeneration": 1}, False, "latest change"),
        (
            {"observedGeneration": 2, "desiredNumberScheduled": 3, "updatedNumberScheduled": 1},
            False,
            "1 of 3 new",
        ),
        (
            {
                "observedGeneration": 2,
                "desiredNumberScheduled": 3,
                "updatedNumberScheduled": 3,
                "numberAvailable": 2,
            },
            False,
            "2 of 3 updated",
        ),
        (
            {
                "observedGeneration": 2,
                "desiredNumberScheduled": 1,
                "updatedNumberScheduled": 1,
                "numberAvailable": 1,
            },
            True,
            "1 of 1",
        ),
    ],
)
def test_a_daemon_set_follows_kubectls_rules(counts: dict[str, Any], ready: bool, message: str) -> None:
    status = DAEMON_SET.status(_object(counts))
    assert status.ready is ready
    assert message in status.message


@pytest.mark.parametrize("rollout", [STATEFUL_SET, DAEMON_SET])
def test_what_is_updated_by_hand_is_never_complete(rollout: Rollout) -> None:
    found = _object({"observedGeneration": 2}, replicas=0, updateStrategy={"type": "OnDelete"})
    assert "OnDelete" in rollout.status(found).failed


def test_a_pod_without_a_readiness_probe_is_ready_from_its_start() -> None:
    def found(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
        return {"spec": {"template": {"spec": {"containers": list(containers)}}, **spec}}

    probed, bare = {"name": "a", "readinessProbe": {}}, {"name": "b"}
    assert is_probed(found(probed))
    assert not is_probed(found(probed, bare))
    assert is_probed(found(bare, minReadySeconds=5))


def test_a_selector_has_labels_and_expressions() -> None:
    expressions = [
        {"key": "tier", "operator": "In", "values": ["a", "b"]},
        {"key": "old", "operator": "DoesNotExist"},
        {"key": "app", "operator": "Exists"},
    ]
    found = {"spec": {"selector": {"matchLabels": {"app": "api"}, "matchExpressions": expressions}}}
    assert selector(found) == "app=api,tier in (a,b),!old,app"


def test_a_pod_of_the_present_template_is_told_from_one_before() -> None:
    notes = {"annotations": {"deployment.kubernetes.io/revision": "2"}}
    found: dict[str, Any] = {"metadata": notes}
    pod: dict[str, Any] = {"metadata": {}}
    assert is_latest(DEPLOYMENT, found, pod, {"metadata": notes})
    old = {"metadata": {"annotations": {"deployment.kubernetes.io/revision": "1"}}}
    assert not is_latest(DEPLOYMENT, found, pod, old)
    assert not is_latest(DEPLOYMENT, found, pod, None)

    labelled = {"metadata": {"labels": {"controller-revision-hash": "r2", "pod-template-generation": "2"}}}
    assert is_latest(STATEFUL_SET, {"metadata": {}, "status": {"updateRevision": "r2"}}, labelled, None)
    assert not is_latest(STATEFUL_SET, {"metadata": {}, "status": {"updateRevision": "r3"}}, labelled, None)
    generation = {"metadata": {"annotations": {"deprecated.daemonset.template.generation": "3"}}}
    assert not is_latest(DAEMON_SET, generation, labelled, None)
