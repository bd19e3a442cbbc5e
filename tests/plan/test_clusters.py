"""Several clusters in one plan: which part is for which, and what is said of those that are wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from tests.plan.writing import CLUSTER, HEAD, faults_of, load, marked, one_step, one_task, write
from tests.plans import make_plan
from tui.cli import main
from tui.plan.lint import lint
from tui.plan.placement import placement
from tui.plan.steps import KubernetesNamespace
from tui.run.outline import task_digest

if TYPE_CHECKING:
    from pathlib import Path

TWO = """clusters:
  manager: {name: mk-manager, kubeconfig: manager}
  worker: {name: mk-worker, kubeconfig: worker, namespaces: {prefix: w-}}
"""
SPACE = "{kind: kubernetes.namespace, names: shop}"
AGENT = f"""
forwards: [{{service: web, namespace: shop, port: 3}}]
phases:
  - id: agents
    tasks:
      - {{id: own, steps: [{SPACE}]}}
      - id: other
        cluster: manager
        steps:
          - {SPACE}
          - {{kind: kubernetes.namespace, names: shop, cluster: worker}}
failed: [{{kind: kind.logs, to: logs}}]
down: [{{kind: command, shell: 'true'}}]
"""
PLAN = f"""{HEAD}{TWO}hosts: {{far: me@far}}
variables: {{sides: [{{name: manager}}, {{name: worker}}]}}
include: [{{plan: agent.yaml, as: agent, cluster: worker}}]
forwards: [{{service: db, namespace: shop, port: 1}}]
phases:
  - id: create
    tasks:
      - {{id: manager, steps: [{{kind: kind.create}}]}}
      - {{id: worker, host: far, cluster: worker, steps: [{{kind: kind.create}}]}}
      - {{id: "side-${{each.name}}", each: "${{sides}}", cluster: "${{each.name}}", steps: [{SPACE}]}}
down: [{{kind: kind.delete, cluster: worker}}, {{kind: kind.delete}}]
"""
WRONG = {
    "both ways": (
        one_step(SPACE, "cluster: {name: a, kubeconfig: a}\n" + TWO).replace("cluster: {", "▶cluster: {", 1),
        "a plan has either `cluster` or `clusters`",
        "move it into `clusters`, as its first",
    ),
    "a task's": (
        one_task("cluster: ▶wroker", TWO), "'wroker' is no cluster of the plan", "did you mean 'worker'?"
    ),
    "a step's": (
        one_step("{kind: kind.create, cluster: ▶managers}", TWO),
        "'managers' is no cluster of the plan", "did you mean 'manager'?",
    ),
    "a forward's": (
        one_task("", f"{TWO}forwards: [{{service: a, port: 1, cluster: ▶x}}]\n"),
        "'x' is no cluster of the plan", "known here: manager, worker",
    ),
    "one of what takes it down": (
        one_task("", f"{TWO}down: [{{kind: kind.delete, cluster: ▶x}}]\n"), "'x' is no cluster of the plan",
        "known here: manager, worker",
    ),
    "in a plan of one": (
        one_task("cluster: ▶worker", CLUSTER),
        "the plan has one cluster, for which all its steps are", "remove it",
    ),
    "in a plan of none": (
        one_task("cluster: ▶worker"),
        "the plan has no clusters", "clusters: {worker: {name: …, kubeconfig: …}}",
    ),
    "by what a command prints": (
        one_task("", TWO, "        steps:\n          - {kind: command, shell: x, output: a}\n"
                 "          - {kind: command, shell: x, cluster: ▶'${output.a}'}\n"),
        "an output cannot be used here", "",
    ),
    "one name": (
        one_task("", TWO.replace("mk-worker", "▶mk-manager")),
        "'worker' and 'manager' are one cluster, 'mk-manager'", "give it a name of its own",
    ),
    "one context": (
        one_task("", TWO.replace("{name: mk-worker, kubeconfig: worker,", "{context: ▶kind-mk-manager,")),
        "'worker' and 'manager' are one cluster, 'kind-mk-manager'", "give it a context of its own",
    ),
    "a key": (
        one_task("", TWO.replace("namespaces:", "▶namespace:")), "unknown key 'namespace'",
        "did you mean 'namespaces'?",
    ),
    "nothing but a name": (
        one_task("", "clusters: {a: ▶{name: a}}\n"), "the key 'kubeconfig' is missing", "Kubeconfig file",
    ),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, AGENT, "agent.yaml")
    return tmp_path


def test_each_part_is_for_the_cluster_that_is_nearest_said(folder: Path) -> None:
    plan = load(folder, PLAN).plan
    said = {task.id: [step.cluster for step in task.steps] for task in plan.tasks}
    assert said == {
        "agent.own": ["worker"],
        "agent.other": ["manager", "worker"],
        "manager": ["manager"],
        "worker": ["worker"],
        "side-manager": ["manager"],
        "side-worker": ["worker"],
        "on-failure": ["worker"],
    }
    assert [step.cluster for step in plan.down] == ["worker", "worker", "manager"]
    assert [(each.cluster, each.namespace) for each in plan.forwards] == [
        ("worker", "w-shop"),
        ("manager", "shop"),
    ]
    made = {
        task.id: step.names
        for task in plan.tasks
        for step in task.steps
        if isinstance(step, KubernetesNamespace)
    }
    assert made == {"agent.own": ("w-shop",), "agent.other": ("w-shop",), "side-manager": ("shop",),
                    "side-worker": ("w-shop",)}  # fmt: skip
    places = placement(plan)
    assert (places.clusters, places.main) == ({"manager": "default", "worker": "far"}, "default")


@pytest.mark.parametrize("fault", WRONG)
def test_what_is_wrong_is_told_with_its_place(folder: Path, fault: str) -> None:
    text, cause, hint = WRONG[fault]
    faults = faults_of(write(folder, text))
    assert [found.place for found in faults] == marked(text, "plan.yaml")
    assert cause in faults[0].cause
    assert hint in faults[0].hint


def test_an_include_of_an_unknown_cluster_is_told_where_it_is_written(folder: Path) -> None:
    text = PLAN.replace("as: agent, cluster: worker", "as: agent, cluster: ▶x")
    [fault] = faults_of(write(folder, text))
    assert [fault.place] == marked(text, "plan.yaml")


def test_one_kubeconfig_may_have_several_clusters(folder: Path) -> None:
    plan = load(folder, PLAN.replace("kubeconfig: worker", "kubeconfig: manager")).plan
    assert len({cluster.kubeconfig for cluster in plan.clusters.values()}) == 1


def test_checksums_of_tasks_of_a_plan_with_one_cluster_are_those_of_earlier_versions() -> None:
    steps = [{"kind": "kind.create"}, {"kind": "kubernetes.namespace", "names": "a"}]
    more = {"cluster": {"name": "demo", "kubeconfig": "/kubeconfig"}, "tasks": {"a": {"steps": steps}}}
    plan = make_plan([{"a": []}], **more)
    assert task_digest(plan, plan.tasks[0]) == "949b767a7f425317"


def test_a_task_is_another_one_where_its_cluster_is(folder: Path) -> None:
    def digests(text: str) -> dict[str, str]:
        plan = load(folder, text).plan
        return {task.id: task_digest(plan, task) for task in plan.tasks}

    before = digests(PLAN)
    for other in (
        PLAN.replace("mk-worker", "mk-other"),
        PLAN.replace("kubeconfig: worker", "kubeconfig: other"),
    ):
        changed = {id_ for id_, digest in digests(other).items() if digest != before[id_]}
        assert changed == {"agent.own", "agent.other", "worker", "side-worker", "on-failure"}
    write(folder, AGENT.replace("cluster: worker", "cluster: agent"), "agent.yaml")
    renamed = PLAN.replace("  worker:", "  agent:").replace("cluster: worker", "cluster: agent")
    assert digests(renamed.replace("{name: worker}", "{name: agent}"))["worker"] == before["worker"]


def tasks(*lines: str) -> str:
    return f"{HEAD}{TWO}phases:\n  - id: one\n    tasks:\n" + "".join(f"      - {line}\n" for line in lines)


MADE = (
    "{id: m, steps: [{kind: kind.create}]}",
    "{id: w, cluster: worker, steps: [{kind: kind.create}]}",
)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{id: x, needs: m, steps: [{kind: kubernetes.namespace, names: a}]}", ""),
        (
            "{id: x, needs: m, cluster: worker, steps: [{kind: kubernetes.namespace, names: a}]}",
            "uses cluster 'worker', but does not wait for task 'w', which makes it",
        ),
        (
            "{id: x, needs: [m, w], steps: [{kind: kubernetes.namespace, names: a, cluster: worker}, "
            "{kind: kubernetes.wait, jobs: a, namespace: a, timeout: 1m}]}",
            "uses namespace 'a', which nothing before it makes",
        ),
        (
            "{id: x, needs: m, steps: [{kind: command, shell: kubectl --context kind-mk-worker get nodes}]}",
            "",
        ),
        ("{id: x, needs: m, steps: [{kind: command, shell: kubectl --kubeconfig worker get nodes}]}", ""),
        (
            "{id: x, needs: m, steps: [{kind: command, shell: kubectl --context kind-worker get nodes}]}",
            "uses another cluster than the plan's: --context kind-worker",
        ),
        (
            "{id: x, needs: [m, w], cluster: worker, steps: [{kind: kubernetes.namespace, names: a}, "
            "{kind: command, shell: kubectl -n a get pods}]}",
            "names namespace 'a' in its command, which is 'w-a' in the cluster",
        ),
        (
            "{id: x, needs: [m, w], steps: [{kind: kubernetes.namespace, names: a, cluster: worker}, "
            "{kind: command, shell: kubectl -n a get pods}]}",
            "",
        ),
    ],
)
def test_what_is_questionable_is_so_per_cluster(folder: Path, line: str, told: str) -> None:
    assert [remark.text for remark in lint(load(folder, tasks(*MADE, line)))] == [told] * bool(told)


@pytest.mark.parametrize(
    ("down", "left"),
    [
        ("[{kind: kind.delete, cluster: worker}, {kind: kind.delete}]", []),
        ("[{kind: kind.delete}]", ["makes cluster 'worker', which `down` does not delete"]),
        ("[{kind: command, shell: kind delete clusters --all}]", []),
    ],
)
def test_a_cluster_that_is_forgotten_when_the_plan_goes_down_is_told(
    folder: Path, down: str, left: list[str]
) -> None:
    assert [remark.text for remark in lint(load(folder, tasks(*MADE) + f"down: {down}\n"))] == left


def test_the_tree_says_which_task_is_in_which_cluster(folder: Path) -> None:
    shown = CliRunner().invoke(main, ["plan", "show", str(write(folder, PLAN))])
    lines = shown.stdout.splitlines()
    assert "  ├─ manager  manager · in manager" in lines
    assert "  ├─ agent.own  agent.own · agent.yaml:6 · in worker" in lines
    assert "  └─ agent.other  agent.other · agent.yaml:7 · in manager, worker" in lines
    assert "        └ kubernetes.namespace w-shop · in worker" in lines
    assert "  │     └ kind.create worker" in lines
    assert "manager  cluster mk-manager" in lines
    assert "worker   cluster mk-worker" in lines
