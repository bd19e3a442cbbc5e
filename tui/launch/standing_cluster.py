"""What a plan for clusters that stand is given of its user's: private kubeconfigs, and an owner's name."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.launch.cluster_lock import unwritable
from tui.plan.address import LOCAL
from tui.plan.placement import placement
from tui.run.directories import kubeconfigs_directory

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tui.plan.load import LoadedPlan
    from tui.plan.model import Cluster
    from tui.plan.own_namespaces import Namespaces

_ODD = re.compile(r"[^\w.@+-]", re.ASCII)
_MOST = 54  # characters of a plan's name in the value of a label, which has 63


def settled(loaded: LoadedPlan, hosts: Mapping[str, str]) -> LoadedPlan:
    """Return a plan with all that those of its clusters that stand need beside their contexts.

    Args:
        loaded: The plan.
        hosts: The addresses of its hosts, by their names.

    Raises:
        NotReadyError: The user's state cannot be kept.
    """
    plan = loaded.plan
    if not any(cluster.stands for cluster in plan.clusters.values()):
        return loaded
    at = placement(plan).clusters
    clusters = {
        name: _settled(cluster, plan.name, hosts.get(at[name], LOCAL)) if cluster.stands else cluster
        for name, cluster in plan.clusters.items()
    }
    return replace(loaded, plan=plan.with_clusters(clusters))


def _settled(cluster: Cluster, plan: str, host: str) -> Cluster:
    given = {
        "kubeconfig": _kubeconfig(cluster.context, host),
        "owner": cluster.owner or f"{plan[:_MOST]}-{_user(cluster.namespaces)}",
    }
    return cluster.model_copy(update=given)


def _kubeconfig(context: str, host: str) -> Path:
    """Return the file of a context: another one for each kubeconfig of the user's that may have it."""
    source = "\0".join((context, host, os.environ.get("KUBECONFIG", "") if host == LOCAL else ""))
    return kubeconfigs_directory() / f"{_ODD.sub('_', context)[:64]}-{_digest(source)}"


def _user(namespaces: Namespaces | None) -> str:
    """Return what tells this user, on this machine and with a prefix, from others; it is made once."""
    path = kubeconfigs_directory() / "user"
    try:
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.write_text(secrets.token_hex(4), encoding="utf-8")
        return _digest(path.read_text(encoding="utf-8") + (namespaces.prefix if namespaces else ""))
    except OSError as error:
        raise unwritable(f"{path} cannot be kept", error) from error


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
