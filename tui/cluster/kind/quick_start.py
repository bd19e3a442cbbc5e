"""Having new clusters of old versions of Kubernetes start sooner."""

from __future__ import annotations

import re
from typing import NamedTuple

from tui.cluster.kind.config import installs_network, with_patches
from tui.plan.cluster_config import node_images

_VERSION = re.compile(r":v1\.(\d+)\.")  # in the name of a node image


class _Setting(NamedTuple):
    """A setting that old versions gain from.

    Attributes:
        until: The minor version of Kubernetes that does not need it any more.
        own: What a configuration names that has its own say in it.
        patch: The setting, in kubeadm's configuration.
        told: What to tell of it.
    """

    until: int
    own: tuple[str, ...]
    patch: str
    told: str


# Since 1.26 a starting kubelet looks by itself (kubernetes/kubernetes#112618). What has not changed is
# reported as rarely as by default.
_STATUS = _Setting(
    26,
    ("nodeStatusUpdateFrequency",),
    "kind: KubeletConfiguration\nnodeStatusUpdateFrequency: 1s\nnodeStatusReportFrequency: 5m0s\n",
    "kubelets look each second whether their nodes are ready: nodeStatusUpdateFrequency is 1s",
)
# Before 1.27 five calls a second are all that a kubelet makes after its first ten, and each pod that starts
# needs several (kubernetes/kubernetes#116121). These are the defaults since.
_CALLS = _Setting(
    27,
    ("kubeAPIQPS", "kubeAPIBurst"),
    "kind: KubeletConfiguration\nkubeAPIQPS: 50\nkubeAPIBurst: 100\n",
    "kubelets call the API server ten times as often, as pods that start at once would wait for that: "
    "kubeAPIQPS is 50",
)
# Before 1.31 no controller begins until the one that gives ranges has waited ten seconds
# (kubernetes/kubernetes#124113).
_RANGES = _Setting(
    31,
    ("allocate-node-cidrs", "cluster-cidr", "node-cidr-mask-size", "podSubnet", "ipFamily"),
    'kind: ClusterConfiguration\ncontrollerManager:\n  extraArgs:\n    allocate-node-cidrs: "false"\n',
    "bringup gives nodes the ranges of their pods, as controllers would wait ten seconds for that: "
    "allocate-node-cidrs is false",
)


def with_quick_start(config: str, image: str | None) -> tuple[str, tuple[str, ...]]:
    """Return a Kind configuration with which a cluster starts sooner.

    Args:
        config: The user's configuration.
        image: The image of the nodes; None for those of the configuration, or kind's own default, which is
            recent.

    Returns:
        The configuration, and what to tell of each setting that was added: of none that the version does not
        gain from, or that the user's configuration has its own say in.

    Raises:
        ActionError: The configuration is not a YAML mapping.
    """
    settings = [each for each in (_STATUS, _CALLS) if _gains(each, config, image)]
    settings += [_RANGES] if lacks_ranges(config, image) else []
    if not settings:
        return config, ()
    made = with_patches(config, "kubeadmConfigPatches", [each.patch for each in settings])
    return made, tuple(each.told for each in settings)


def lacks_ranges(config: str, image: str | None) -> bool:
    """Return whether nodes of a cluster that is made with a quick start get the ranges of their pods from us.

    Raises:
        ActionError: The configuration is not a YAML mapping.
    """
    return _gains(_RANGES, config, image) and installs_network(config)


def _gains(setting: _Setting, config: str, image: str | None) -> bool:
    versions = [_VERSION.search(each) for each in node_images(config, "kind", image)]
    old = all(version is not None and int(version[1]) < setting.until for version in versions)
    return old and not any(map(config.count, setting.own))
