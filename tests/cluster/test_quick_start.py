"""What makes new clusters of old versions start sooner."""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING, Any, cast

import pytest
import yaml

from tui.cluster.containers.pod_ranges import give_ranges
from tui.cluster.kind.quick_start import lacks_ranges, with_quick_start

if TYPE_CHECKING:
    from tui.clients.kubernetes.api import Api

OLD = "registry.example/kindest/node:v1.20.2"
NEWER = "kindest/node:v1.30.4@sha256:0"
OWN = "kind: Cluster\nkubeadmConfigPatches:\n- |\n  kind: InitConfiguration\nnodes: [{role: control-plane}]\n"
STATUS = {
    "kind": "KubeletConfiguration",
    "nodeStatusUpdateFrequency": "1s",
    "nodeStatusReportFrequency": "5m0s",
}
CALLS = {"kind": "KubeletConfiguration", "kubeAPIQPS": 50, "kubeAPIBurst": 100}
RANGES = {
    "kind": "ClusterConfiguration",
    "controllerManager": {"extraArgs": {"allocate-node-cidrs": "false"}},
}


def added(config: str, image: str | None) -> list[Any]:
    """The patches that come after the configuration's own."""
    made, told = with_quick_start(config, image)
    own = (yaml.safe_load(config) or {}).get("kubeadmConfigPatches") or []
    patches = (yaml.safe_load(made) or {}).get("kubeadmConfigPatches") or []
    assert patches[: len(own)] == own
    assert len(told) == len(patches) - len(own)
    return [yaml.safe_load(patch) for patch in patches[len(own) :]]


def test_a_version_gets_the_settings_that_it_gains_from() -> None:
    assert added(OWN, OLD) == [STATUS, CALLS, RANGES]
    assert added(OWN, "kindest/node:v1.26.3") == [CALLS, RANGES]
    assert added(OWN, NEWER) == [RANGES]
    assert added("", OLD) == [STATUS, CALLS, RANGES]
    named = f"nodes: [{{image: {OLD}}}, {{role: worker, image: {NEWER}}}]"
    assert added(named, None) == [RANGES]  # what all of its nodes gain from
    assert added(named, OLD) == [STATUS, CALLS, RANGES]
    made = yaml.safe_load(with_quick_start("nodes: [{role: control-plane}]", OLD)[0])
    del made["kubeadmConfigPatches"]
    assert made == {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "nodes": [{"role": "control-plane"}],
    }


@pytest.mark.parametrize(
    ("config", "image"),
    [
        (OWN, None),
        (OWN, "kindest/node:v1.31.0"),
        (OWN, "kindest/node@sha256:0"),
        (f"nodes: [{{image: {OLD}}}, {{role: worker}}]", None),
    ],
)
def test_the_configuration_of_a_version_that_gains_nothing_is_left_as_it_is(
    config: str, image: str | None
) -> None:
    assert with_quick_start(config, image) == (config, ())
    assert not lacks_ranges(config, image)


@pytest.mark.parametrize(
    ("own", "left"),
    [
        ("# nodeStatusUpdateFrequency: 10s", [CALLS, RANGES]),
        ("# kubeAPIBurst: 20", [STATUS, RANGES]),
        ("# allocate-node-cidrs", [STATUS, CALLS]),
        ("networking: {podSubnet: 10.0.0.0/16}", [STATUS, CALLS]),
        ("networking: {ipFamily: dual}", [STATUS, CALLS]),
        ("networking: {disableDefaultCNI: true}", [STATUS, CALLS]),
    ],
)
def test_a_configuration_that_has_its_own_say_in_a_setting_does_not_get_it(own: str, left: list[Any]) -> None:
    assert added(OWN + own, OLD) == left
    assert lacks_ranges(OWN + own, OLD) == (RANGES in left)


async def test_nodes_without_a_range_get_one_that_no_other_has() -> None:
    await asyncio.to_thread(importlib.import_module, "tui.clients.kubernetes.api")  # which takes its time
    nodes = {
        "worker": {"podCIDR": "10.244.1.0/24"},
        "control-plane": {},
        "worker3": {"podCIDR": "10.244.0.0/24"},
        "worker2": {},
    }

    class Server:
        async def request(self, method: str, path: str, *, body: Any, content_type: str) -> None:
            assert (method, content_type) == ("PATCH", "application/merge-patch+json")
            spec = nodes[path.removeprefix("/api/v1/nodes/")]
            assert not spec
            spec.update(body["spec"])

    for _ in range(2):
        items = [{"metadata": {"name": name}, "spec": dict(spec)} for name, spec in nodes.items()]
        await give_ranges(cast("Api", Server()), items)
    assert nodes["control-plane"] == {"podCIDR": "10.244.2.0/24", "podCIDRs": ["10.244.2.0/24"]}
    assert len({spec["podCIDR"] for spec in nodes.values()}) == len(nodes)
