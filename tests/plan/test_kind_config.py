"""Kind's configuration is checked when the plan is read, as kind itself checks it."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.plan.writing import faults_of, load, marked, one_step, one_task, write
from tui.cluster.provider import read_config
from tui.plan.steps import ClusterCreate

if TYPE_CHECKING:
    from pathlib import Path

CRI = 'plugins."io.containerd.grpc.v1.cri".registry'
HEAD = "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n"
NODE = f"{HEAD}nodes:\n- role: control-plane\n"
PORTS = f"{NODE}  extraPortMappings:\n"
GOOD = {
    "nothing more": HEAD,
    "no nodes": f"{HEAD}nodes:\n",
    "a node without a role": f"{HEAD}nodes:\n- {{}}\n",
    "a node that is nothing": f"{HEAD}nodes: [~]\n",
    "other scalars": f"{HEAD}name: 5\nruntimeConfig: {{x: true}}\nfeatureGates: {{A: true}}\n",
    "a number in hexadecimal": f"{HEAD}networking: {{apiServerPort: 0x50, disableDefaultCNI: on}}\n",
    "a number with a point": f"{PORTS}  - {{containerPort: 80.0, hostPort: 8e3}}\n",
    "any port": f"{PORTS}  - {{containerPort: 80, hostPort: -1}}\n  - {{containerPort: 81, hostPort: 0}}\n",
    "a protocol in lower case": f"{PORTS}  - {{containerPort: 80, hostPort: 80, protocol: tcp}}\n",
    "two protocols": (
        f"{PORTS}  - {{containerPort: 1, hostPort: 80, protocol: TCP}}\n"
        "  - {containerPort: 1, hostPort: 80, protocol: UDP}\n"
    ),
    "labels": f"{NODE}  labels: {{a: 5, b: true}}\n  image: null\n",
    "mounts": f"{NODE}  extraMounts: [{{hostPath: 5, readOnly: yes, propagation: None}}]\n",
    "patches": f"{NODE}  kubeadmConfigPatches: ['a: b']\ncontainerdConfigPatches:\n- |-\n  [plugins]\n",
    "registries in one way": (
        f"{HEAD}containerdConfigPatches:\n- |\n  [{CRI}]\n  config_path = ''\n"
        f"- |\n  [{CRI}.mirrors.'localhost:5000']\n  endpoint = ['http://registry:5000']\n"
    ),
    "JSON patches": f"{HEAD}kubeadmConfigPatchesJSON6902: [{{group: g, version: v1, kind: K, patch: x}}]\n",
    "subnets": f"{HEAD}networking: {{ipFamily: ipv4, podSubnet: 10.1.0.0/16, kubeProxyMode: ipvs}}\n",
    "two subnets": f"{HEAD}networking: {{ipFamily: dual, podSubnet: '10.1.0.0/16,fd00::/56'}}\n",
    "anchors": f"{HEAD}nodes:\n- &a {{role: control-plane}}\n- *a\n",
    "a byte order mark": f"\ufeff{HEAD}",
    "JSON": '{"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4"}',
}
BAD = {
    "a list": "▶- a\n",
    "nothing": "▶",
    "no apiVersion": "▶kind: Cluster\n",
    "an old apiVersion": "kind: Cluster\napiVersion: ▶kind.sigs.k8s.io/v1alpha3\n",
    "an unknown key": f"{HEAD}▶node: []\n",
    "a key twice": f"{HEAD}▶kind: Cluster\n",
    "a quoted port": f"{PORTS}  - containerPort: 80\n    hostPort: ▶'8080'\n",
    "a port that is none": f"{PORTS}  - containerPort: 80\n    hostPort: ▶80800\n",
    "a negative port": f"{PORTS}  - containerPort: ▶-5\n",
    "a port twice": f"▶{PORTS}  - &p {{containerPort: 1, hostPort: 80}}\n  - *p\n",
    "an unknown protocol": f"{PORTS}  - {{containerPort: 80, hostPort: 80, protocol: ▶HTTP}}\n",
    "an address that is none": f"{PORTS}  - {{containerPort: 1, hostPort: 80, listenAddress: ▶nowhere}}\n",
    "an unknown role": f"{HEAD}nodes:\n- role: control-plane\n- role: ▶master\n",
    "workers alone": f"▶{HEAD}nodes:\n- role: worker\n",
    "a mapping for a list": f"{HEAD}nodes: ▶{{role: control-plane}}\n",
    "a list for a mapping": f"{HEAD}networking: ▶[]\n",
    "a text for a list": f"{NODE}  kubeadmConfigPatches: ▶x\n",
    "a mapping for a text": f"{NODE}  kubeadmConfigPatches: [▶{{a: b}}]\n",
    "a text for a truth value": f"{HEAD}networking: {{disableDefaultCNI: ▶'true'}}\n",
    "a number for a truth value": f"{HEAD}networking: {{disableDefaultCNI: ▶1}}\n",
    "an unknown family": f"{HEAD}networking: {{ipFamily: ▶ipv5}}\n",
    "a subnet that is an address": f"{HEAD}networking: {{podSubnet: ▶10.0.0.1}}\n",
    "an unknown mode of the proxy": f"{HEAD}networking: {{kubeProxyMode: ▶x}}\n",
    "an unknown propagation": f"{NODE}  extraMounts: [{{hostPath: /x, propagation: ▶Wrong}}]\n",
}
LATE = {
    "a port of two nodes": f"▶{PORTS}  - &p {{containerPort: 1, hostPort: 80}}\n- extraPortMappings: [*p]\n",
    "no port of the container": f"{PORTS}  - ▶hostPort: 80\n",
    "a relative path in the node": f"{NODE}  extraMounts: [{{hostPath: /x, containerPath: ▶data}}]\n",
    "the home directory": f"{NODE}  extraMounts: [{{hostPath: ▶~/x, containerPath: /x}}]\n",
    "a patch that is no YAML": f"{NODE}  kubeadmConfigPatches: [▶'a: [']\n",
    "an image that is none": f"{NODE}  image: ▶kindest/node:v1.20.0@b40ecf8b\n",
    "registries in two ways": (
        f"▶{HEAD}containerdConfigPatches:\n- |\n  [{CRI}]\n  config_path = '/etc/containerd/certs.d'\n"
        f"- |\n  [{CRI}.mirrors.'localhost:5000']\n  endpoint = ['http://registry:5000']\n"
    ),
    "a patch that is no TOML": f"{HEAD}containerdConfigPatches: [▶'[plugins']\n",
}
"""What kind takes when it reads it, and fails of after it has begun to make containers, or does otherwise."""
PLAN = one_step("{kind: kind.create, config: kind.yaml}")


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_what_kind_takes_is_taken(text: str, tmp_path: Path) -> None:
    write(tmp_path, text, "kind.yaml")
    load(tmp_path, PLAN)


@pytest.mark.parametrize("text", [*BAD.values(), *LATE.values()], ids=[*BAD, *LATE])
def test_what_kind_refuses_is_told_with_its_place(text: str, tmp_path: Path) -> None:
    file = write(tmp_path, text, "kind.yaml")
    faults = faults_of(write(tmp_path, PLAN))
    assert [fault.place for fault in faults] == marked(text, str(file))


def test_places_are_those_of_the_file_as_it_is_written(tmp_path: Path) -> None:
    text = f"{PORTS}  # a comment\n\n  - containerPort:   ${{port}}\n    hostPort: ▶${{other}}\n"
    file = write(tmp_path, text, "kind.yaml")
    top = "variables: {port: 80, other: 99999}\ncluster: {name: demo, kubeconfig: config}\n"
    faults = faults_of(write(tmp_path, one_step("{kind: kind.create, config: kind.yaml}", top)))
    assert [fault.place for fault in faults] == marked(text, str(file))


def test_the_directory_of_the_file_is_a_variable_in_it(tmp_path: Path) -> None:
    write(
        tmp_path,
        f"{NODE}  extraMounts: [{{hostPath: '${{folder}}/data', containerPath: /data}}]\n",
        "kind.yaml",
    )
    load(tmp_path, PLAN)


ENGINE = """#!/bin/sh
case "$1" in
-v|version) echo "Docker version 20.10.0, build x";;
info) echo '{"CgroupVersion":"2","MemoryLimit":true,"PidsLimit":true,"CPUShares":true}';;
ps|inspect|image|network) ;;
*) echo "an engine was asked: $*" >&2; exit 1;;
esac
"""


@pytest.mark.skipif(shutil.which("kind") is None, reason="kind is not installed")
def test_kind_itself_agrees(tmp_path: Path) -> None:
    """An engine that makes nothing: kind reads its configuration before it asks for containers."""
    engine = write(tmp_path, ENGINE, "bin/docker")
    engine.chmod(0o755)
    kind = shutil.which("kind") or ""
    env = {
        **os.environ,
        "PATH": f"{engine.parent}{os.pathsep}/usr/bin{os.pathsep}/bin",
        "HOME": str(tmp_path),
    }
    wrong = {}
    for name, text in {**GOOD, **BAD}.items():
        file = write(tmp_path, text, "kind.yaml")
        argv = [
            kind,
            "create",
            "cluster",
            "--name",
            "t",
            "--config",
            str(file),
            "--kubeconfig",
            str(tmp_path / "k"),
        ]
        told = subprocess.run(argv, env=env, capture_output=True, text=True, check=False).stderr
        if ("Preparing nodes" in told) != (name in GOOD):
            wrong[name] = told
    assert wrong == {}


INLINE = f"{HEAD}nodes: [{{role: control-plane, extraPortMappings: [{{containerPort: 80, hostPort: %s}}]}}]\n"


def _inline(port: str) -> str:
    lines = "".join(f"              {line}\n" for line in (INLINE % port).splitlines())
    step = f"        steps:\n          - kind: kind.create\n            config:\n{lines}"
    return one_task("", "variables: {port: 8080, wrong: 80800}\ncluster: {name: c, kubeconfig: k}\n", step)


def test_a_configuration_may_stand_in_the_plan(tmp_path: Path) -> None:
    step = load(tmp_path, _inline("'${port}'")).plan.tasks[0].steps[0]
    assert isinstance(step, ClusterCreate)
    written = yaml.safe_load(asyncio.run(read_config(step.config, {})))
    assert written["nodes"][0]["extraPortMappings"] == [{"containerPort": 80, "hostPort": 8080}]


@pytest.mark.parametrize(("port", "shown"), [("▶'${wrong}'", "80800"), ("▶-5", "-5"), ("1, ▶x: 2", "x")])
def test_what_is_wrong_in_the_plan_itself_is_told_with_its_place(
    tmp_path: Path, port: str, shown: str
) -> None:
    fault = faults_of(write(tmp_path, text := _inline(port)))[0]
    assert shown in fault.cause
    assert fault.place == marked(text, fault.place.file)[0]
