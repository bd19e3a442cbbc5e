"""Which snapshot a plan can start from, what one can be taken of, and which are kept."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.cluster.snapshots.secrets import is_known
from tui.cluster.snapshots.snapshot import Snapshot
from tui.launch.choose_snapshot import named
from tui.launch.request import UsageError
from tui.launch.snapshot_inputs import why_not
from tui.launch.snapshot_store import beyond
from tui.launch.take_snapshot import tasks_after
from tui.plan.input_files import checksum
from tui.plan.load import LoadedPlan, load_plan

if TYPE_CHECKING:
    from pathlib import Path

PLAN = """\
apiVersion: bringup/v1
name: shop
cluster: {name: shop, kubeconfig: kubeconfig}
phases:
  - id: create
    tasks:
      - {id: cluster, steps: [{kind: kind.create, config: kind.yaml}]}
      - {id: image, steps: [{kind: image.build, tag: "shop:dev", context: .}]}
  - id: deploy
    tasks:
      - {id: database, needs: [cluster], steps: [{kind: kubernetes.apply, manifests: [manifests]}]}
      - {id: app, needs: [database, image], steps: [{kind: kind.load, images: "shop:dev"}]}
"""
TAKEN = Snapshot("5e1f00d1", "shop", "shop", "", 0.0, 0.0, {}, {})


@pytest.fixture
def loaded(tmp_path: Path) -> LoadedPlan:
    (tmp_path / "plan.yaml").write_text(PLAN)
    (tmp_path / "Dockerfile").write_text("FROM debian\n")
    (tmp_path / "kind.yaml").write_text("kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n")
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests/one.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: one}\n")
    return load_plan(tmp_path / "plan.yaml")


@pytest.mark.parametrize(
    ("after", "tasks"),
    [
        (None, ["cluster", "image", "database", "app"]),
        ("create", ["cluster", "image"]),
        ("database", ["cluster", "database"]),
        ("app", ["cluster", "image", "database", "app"]),
    ],
)
def test_after_a_task_come_its_needs_and_after_a_phase_those_before(
    loaded: LoadedPlan, after: str | None, tasks: list[str]
) -> None:
    assert [task.id for task in tasks_after(loaded, after)] == tasks


@pytest.mark.parametrize(
    ("after", "said"), [("image", "is not made by then"), ("databas", "no phase and no")]
)
def test_a_snapshot_is_taken_of_a_cluster_alone(loaded: LoadedPlan, after: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        tasks_after(loaded, after)


@pytest.mark.parametrize(
    ("clusters", "said"),
    [
        ("", "plan 'shop' has no cluster"),
        ("cluster: {context: kind-there}", "plan 'shop' has a cluster that stands"),
        (
            "clusters: {a: {name: a, kubeconfig: a}, b: {name: b, kubeconfig: b}}",
            "plan 'shop' has 2 clusters",
        ),
    ],
)
def test_a_snapshot_is_of_a_plan_that_makes_one_cluster(tmp_path: Path, clusters: str, said: str) -> None:
    task = "{id: one, steps: [{kind: command, argv: [echo]}]}"
    phases = f"phases: [{{id: all, tasks: [{task}]}}]"
    (tmp_path / "plan.yaml").write_text(f"apiVersion: bringup/v1\nname: shop\n{clusters}\n{phases}\n")
    with pytest.raises(UsageError, match=said):
        tasks_after(load_plan(tmp_path / "plan.yaml"), None)


def test_files_that_decide_what_a_task_does_are_its_inputs(loaded: LoadedPlan, tmp_path: Path) -> None:
    def checksums() -> list[str]:
        return [checksum(loaded.plan, task) for task in loaded.plan.tasks]

    before = checksums()
    assert [bool(each) for each in before] == [True, False, True, False]
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")  # a build looks for itself
    assert checksums() == before
    (tmp_path / "manifests/two.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: two}\n")
    assert [a == b for a, b in zip(before, checksums(), strict=True)] == [True, True, False, True]
    (tmp_path / "kind.yaml").write_text("kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nname: other\n")
    assert [a == b for a, b in zip(before, checksums(), strict=True)] == [False, True, False, True]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, ""),
        ({"task app": "other"}, ""),
        ({"task database": "2"}, "database has changed"),
        ({"files of database": "2"}, "files of database have changed"),
        ({"image postgres:15": "sha256:2"}, "image postgres:15 is another one by now"),
        ({"image postgres:15": ""}, ""),  # the engine may have lost it: the node has it
        ({"program kind": "kind v1"}, "program kind is another one by now"),
    ],
)
def test_a_snapshot_fits_while_what_it_holds_is_what_the_plan_would_make(
    loaded: LoadedPlan, change: dict[str, str], reason: str
) -> None:
    held = {
        "task cluster": "1", "task database": "1", "files of database": "1",
        "image postgres:15": "sha256:1", "program kind": "kind v0",
    }  # fmt: skip
    assert why_not(replace(TAKEN, inputs=held), {**held, **change}, loaded.plan) == reason


@pytest.mark.parametrize(
    ("held", "reason"),
    [("old", "the plan has no task old any more"), ("app", "it holds app, which is left out")],
)
def test_a_snapshot_holds_no_more_than_what_is_asked_for(loaded: LoadedPlan, held: str, reason: str) -> None:
    snapshot = replace(TAKEN, inputs={"task cluster": "1", f"task {held}": "1"})
    assert why_not(snapshot, {"task cluster": "1"}, loaded.plan) == reason


def test_a_snapshot_is_named_by_what_its_id_begins_with() -> None:
    kept = [TAKEN, replace(TAKEN, id="5e1f00d2"), replace(TAKEN, id="ab120000")]
    assert named("ab", kept).id == "ab120000"
    for reference, said in (("5e", "several snapshots begin"), ("", "no snapshot"), ("ff", "no snapshot")):
        with pytest.raises(UsageError, match=said):
            named(reference, kept)


@given(
    ages=st.lists(st.floats(0, 100), max_size=8),
    older_than=st.none() | st.floats(0, 100),
    over=st.none() | st.floats(0, 8),
)
def test_what_is_left_is_within_the_limits(
    ages: list[float], older_than: float | None, over: float | None
) -> None:
    now = time.time()
    kept = [replace(TAKEN, id=str(i), taken=now - age, whole=10**9) for i, age in enumerate(sorted(ages))]
    gone = beyond(kept, older_than, over)
    left = [each for each in kept if each not in gone]
    assert over is None or sum(each.whole for each in left) <= over * 1e9
    assert older_than is None or all(now - each.taken <= older_than + 1 for each in left)
    assert kept[: len(left)] == left  # the newest stay
    assert gone or (older_than, over) == (None, None) or len(kept) == len(left)


def secret(
    created: str, *fields: tuple[str, str], kind: str = "Opaque", owned: bool = False
) -> dict[str, object]:
    entries = [{"manager": manager, "time": time} for manager, time in fields]
    metadata: dict[str, object] = {"creationTimestamp": created, "managedFields": entries}
    return {"type": kind, "metadata": metadata | ({"ownerReferences": [{}]} if owned else {})}


DURING, LATER = "2026-01-02T03:04:05Z", "2026-01-02T09:00:00Z"
RUNS = [(1767323000.0, 1767323100.0)]  # 03:03:20 to 03:05:00


@pytest.mark.parametrize(
    ("found", "known"),
    [
        (secret(DURING, ("kubectl-create", DURING)), True),  # by a `command` step
        (secret(LATER, ("kubectl-create", LATER)), False),
        (secret(LATER, ("Mozilla", LATER)), False),
        (secret(LATER, ("bringup", LATER)), True),
        (secret(DURING, ("bringup", DURING), ("webhook", LATER)), True),  # what runs there keeps it up
        (secret(DURING, ("bringup", DURING), ("kubectl-edit", LATER)), False),
        (secret(LATER, ("kube-controller", LATER), kind="kubernetes.io/service-account-token"), True),
        (secret(LATER, ("operator", LATER), owned=True), True),
    ],
)
def test_secrets_that_no_run_would_put_there_again_are_known(found: dict[str, object], known: bool) -> None:
    assert is_known(found, RUNS) == known
