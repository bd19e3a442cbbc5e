"""What a k3d configuration says, and what is added to it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import yaml

from tui.errors import ActionError
from tui.plan.document import EmptyError, get, items, parse_document
from tui.plan.faults import PlanError
from tui.plan.k3d_config import published

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_NEW = {"apiVersion": "k3d.io/v1alpha5", "kind": "Simple"}
_EVERYWHERE = "0.0.0.0"  # noqa: S104 - k3d's own default
_API = ("kubeAPI",)
_REGISTRY = ("registries", "create")
_NO_NETWORK = "--flannel-backend=none"


def parse_config(config: str) -> dict[str, Any]:
    """Parse a k3d configuration, in which `8080:30` is text, as for k3d.

    Raises:
        ActionError: It is not a YAML mapping.
    """
    try:
        content = parse_document(config, "k3d.yaml").value
    except EmptyError:
        return {}
    except PlanError as error:
        raise ActionError(f"k3d's configuration is not YAML: {error.faults[0].cause}") from error
    if not isinstance(content, dict):
        raise ActionError("k3d's configuration is not a mapping", "begin it with `kind: Simple`")
    return content


def host_ports(config: str) -> list[tuple[str, int]]:
    """Return the TCP addresses and ports of the host that a configuration takes.

    Raises:
        ActionError: It is not a YAML mapping.
    """
    content = parse_config(config)
    exposed = ((_API, "hostIP"), (_REGISTRY, "host"))
    found = [(get(content, (*at, key)), str(get(content, (*at, "hostPort")))) for at, key in exposed]
    ports = [(address or _EVERYWHERE, int(port)) for address, port in found if port.isdecimal()]
    for each in items(content, "ports"):
        with contextlib.suppress(ValueError):  # with a variable in it, which k3d fills in
            ports += published(str(get(each, ("port",)) or ""))
    return ports


def installs_network(config: str) -> bool:
    """Return whether k3s installs a pod network, without which nodes do not become ready.

    Raises:
        ActionError: The configuration is not a YAML mapping.
    """
    k3s = get(parse_config(config), ("options", "k3s"))
    return not any(_NO_NETWORK in str(get(each, ("arg",))) for each in items(k3s, "extraArgs"))


def as_k3d_reads_it(config: str, directory: Path) -> str:
    """Return a configuration in which ports are text, and sources of `files` are absolute.

    Args:
        config: The configuration.
        directory: Where relative paths of it begin.

    Raises:
        ActionError: The configuration is not a YAML mapping.
    """
    content = parse_config(config)
    changed = [(get(content, at), "hostPort") for at in (_API, _REGISTRY)]
    changed += [(part, "port") for part in items(content, "ports")]
    changed = [(part, key) for part, key in changed if type(get(part, (key,))) is int]
    for part, key in changed:
        part[key] = str(part[key])
    for part in items(content, "files"):
        source = str(get(part, ("source",)) or "\n")
        if "\n" not in source:  # or it is the content itself
            part["source"] = str(directory / source)
            changed.append((part, "source"))
    return yaml.safe_dump(content, sort_keys=False) if changed else config


def with_mirrors(config: str, mirrors: Mapping[str, str]) -> str:
    """Return a configuration whose nodes know of registries.

    Args:
        config: The configuration.
        mirrors: Their URLs, by how images in them are named.

    Raises:
        ActionError: The configuration is not a YAML mapping, or names a file of registries.
    """
    if not mirrors:
        return config
    content = _NEW | parse_config(config)
    registries = _mapping(content.get("registries"))
    own = str(registries.get("config") or "")
    if own and "\n" not in own:
        raise ActionError(
            f"k3d's configuration names a file of registries, {own}, beside which the plan's cannot stand",
            "write what is in that file in its place, as `config: |`; or remove `registry` of the cluster",
        )
    known = _mapping(yaml.safe_load(own))
    named = _mapping(known.get("mirrors")) | {name: {"endpoint": [url]} for name, url in mirrors.items()}
    registries = registries | {"config": yaml.safe_dump(known | {"mirrors": named})}
    return yaml.safe_dump(content | {"registries": registries}, sort_keys=False)


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
