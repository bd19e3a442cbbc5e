"""Having the kubelets of a new cluster report sooner that their nodes are ready."""

from __future__ import annotations

import re

import yaml

from tui.cluster.kind.host_ports import parse_config

_VERSION = re.compile(r":v1\.(\d+)\.")  # in the name of a node image
_BY_ITSELF = 26  # since this version a starting kubelet does (kubernetes/kubernetes#112618)
_NEW = {"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4"}
_PATCH = """\
kind: KubeletConfiguration
nodeStatusUpdateFrequency: 1s
nodeStatusReportFrequency: 5m0s
"""
"""Look each second, but report what has not changed as rarely as kubelets do by default."""


def with_quick_status(config: str, image: str | None) -> str:
    """Return a Kind configuration in which kubelets look each second whether their nodes are ready.

    Args:
        config: The user's configuration.
        image: The image of the nodes; None for kind's own default, which is recent.

    Returns:
        The configuration; the user's own where the kubelets need it not, or where that sets it itself.

    Raises:
        ActionError: The configuration is not a YAML mapping.
    """
    version = _VERSION.search(image or "")
    if version is None or int(version[1]) >= _BY_ITSELF or "nodeStatusUpdateFrequency" in config:
        return config
    content = _NEW | parse_config(config)
    patches = content.get("kubeadmConfigPatches") or []
    return yaml.safe_dump(content | {"kubeadmConfigPatches": [*patches, _PATCH]}, sort_keys=False)
