"""What a Kind configuration says, and what is added to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from tui.errors import ActionError
from tui.plan.document import get, items

if TYPE_CHECKING:
    from collections.abc import Sequence


_NEW = {"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4"}


def parse_config(config: str) -> dict[str, Any]:
    """Parse a Kind configuration.

    Raises:
        ActionError: It is not a YAML mapping.
    """
    try:
        content = yaml.load(config, Loader=yaml.CSafeLoader) or {}
    except yaml.YAMLError as error:
        raise ActionError(f"Kind's configuration is not YAML: {error}") from error
    if not isinstance(content, dict):
        raise ActionError("Kind's configuration is not a mapping", "begin it with `kind: Cluster`")
    return content


def with_patches(config: str, key: str, patches: Sequence[str]) -> str:
    """Return a Kind configuration with further patches, such as of `kubeadmConfigPatches`.

    Raises:
        ActionError: It is not a YAML mapping.
    """
    content = _NEW | parse_config(config)
    return yaml.safe_dump(content | {key: [*(content.get(key) or ()), *patches]}, sort_keys=False)


def api_address(config: str) -> str:
    """Return the host's address at which the API server listens.

    Raises:
        ActionError: It is not a YAML mapping.
    """
    network = get(parse_config(config), ("networking",))
    usual = "::1" if get(network, ("ipFamily",)) == "ipv6" else "127.0.0.1"
    return str(get(network, ("apiServerAddress",)) or usual)


def host_ports(config: str) -> list[tuple[str, int]]:
    """Return the TCP addresses and ports of the host that a configuration takes.

    Raises:
        ActionError: It is not a YAML mapping.
    """
    content = parse_config(config)
    found = [(api_address(config), get(content, ("networking", "apiServerPort")))]
    for node in items(content, "nodes"):
        found += [
            (get(mapping, ("listenAddress",)) or "", get(mapping, ("hostPort",)))
            for mapping in items(node, "extraPortMappings")
            if str(get(mapping, ("protocol",)) or "TCP").upper() == "TCP"
        ]
    return [(str(address), port) for address, port in found if type(port) is int and 0 < port < 1 << 16]


def installs_network(config: str) -> bool:
    """Return whether kind installs a pod network, without which nodes do not become ready."""
    return get(parse_config(config), ("networking", "disableDefaultCNI")) is not True
