"""A plan whose cluster k3d makes: its configuration and its steps are checked when it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.plan.writing import faults_of, load, marked, one_task, write

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "kind: Simple\napiVersion: k3d.io/v1alpha5\n"
CLUSTER = "cluster: {name: demo, provider: k3d, kubeconfig: config}\n"
STEP = "        steps: [{kind: cluster.create, config: k3d.yaml}]\n"


@pytest.mark.parametrize(
    "more",
    [
        "",
        "metadata: {name: x}\nservers: 3\nimage: rancher/k3s:v1.31.5-k3s1\n",
        "kubeAPI: {host: k.local, hostIP: 127.0.0.1, hostPort: '6550'}\nkeyOfAnotherVersion: 1\n",
        "kubeAPI: {hostPort: 6550}\nports: [{port: '8080:80', nodeFilters: [a]}, {port: 8080:30}]\n",
        "kubeAPI: {hostPort: random}\nports: [{port: '8000-8010:8000-8010/udp'}, {port: '$PORT:80'}]\n",
        "registries: {create: {name: r, hostPort: '5000'}, config: 'mirrors: {}'}\n",
        "registries: {create: true}\n",
    ],
)
def test_what_k3d_takes_is_taken(tmp_path: Path, more: str) -> None:
    write(tmp_path, f"{HEAD}{more}", "k3d.yaml")
    load(tmp_path, one_task("", CLUSTER, STEP))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("▶", "is empty"),
        ("▶- a\n", "must be a mapping"),
        ("kind: ▶Cluster\napiVersion: k3d.io/v1alpha5\n", "kind"),
        (f"{HEAD}ports: [{{port: '8080'}}, {{port: ▶'x:80'}}]\n", "maps no port"),
        (f"{HEAD}ports: [{{port: ▶'70000:80'}}]\n", "maps no port"),
        (f"{HEAD}kubeAPI: {{hostPort: ▶'http'}}\n", "is no port"),
    ],
)
def test_what_k3d_would_refuse_is_told_with_its_place(tmp_path: Path, text: str, says: str) -> None:
    path = write(tmp_path, text, "k3d.yaml")
    fault = faults_of(write(tmp_path, one_task("", CLUSTER, STEP)))[0]
    assert says in fault.cause
    assert fault.place.file == str(path)
    (place,) = marked(text, str(path))
    assert says == "is empty" or fault.place == place


def test_steps_that_are_named_after_kind_are_refused(tmp_path: Path) -> None:
    steps = "        steps: [▶{kind: kind.create}, ▶{kind: kind.load, images: a}, {kind: cluster.create}]\n"
    text = one_task("", CLUSTER, steps)
    text += "failed: [▶{kind: kind.logs, to: l}]\ndown: [▶{kind: kind.delete}]\n"
    faults = faults_of(write(tmp_path, text))
    assert [fault.place for fault in faults] == marked(text, str(tmp_path / "plan.yaml"))
    assert faults[0].cause == "kind.create is for clusters of kind, and the plan's is made by k3d"
    assert [fault.hint for fault in faults] == [
        "write cluster.create", "write image.deliver", "write cluster.logs", "write cluster.delete"
    ]  # fmt: skip


def test_a_name_that_is_too_long_for_k3d_is_refused(tmp_path: Path) -> None:
    longer = CLUSTER.replace("demo", "a" * 33)
    (fault,) = faults_of(write(tmp_path, one_task("", longer)))
    assert "k3d takes names of at most 32 characters" in fault.cause
    load(tmp_path, one_task("", longer.replace("k3d", "kind")))
