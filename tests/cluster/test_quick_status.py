"""The Kind configuration with which kubelets report sooner that their nodes are ready."""

from __future__ import annotations

import pytest
import yaml

from tui.cluster.kind.quick_status import with_quick_status

OLD = "registry.example/kindest/node:v1.20.2"
OWN = "kind: Cluster\nkubeadmConfigPatches:\n- |\n  kind: InitConfiguration\nnodes: [{role: control-plane}]\n"


def test_the_kubelets_of_old_versions_look_each_second() -> None:
    made = yaml.safe_load(with_quick_status(OWN, OLD))
    first, added = made.pop("kubeadmConfigPatches")
    assert first == "kind: InitConfiguration\n"
    assert yaml.safe_load(added) == {
        "kind": "KubeletConfiguration",
        "nodeStatusUpdateFrequency": "1s",
        "nodeStatusReportFrequency": "5m0s",
    }
    assert made == {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "nodes": [{"role": "control-plane"}],
    }
    assert yaml.safe_load(with_quick_status("", OLD))["kind"] == "Cluster"


@pytest.mark.parametrize(
    ("config", "image"),
    [
        (OWN, None),
        (OWN, "kindest/node:v1.26.0"),
        (OWN, "kindest/node@sha256:0"),
        (OWN + "# nodeStatusUpdateFrequency: 10s", OLD),
    ],
)
def test_a_configuration_that_gains_nothing_or_sets_it_is_left_as_it_is(
    config: str, image: str | None
) -> None:
    assert with_quick_status(config, image) == config
