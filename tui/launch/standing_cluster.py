"""What a plan for a cluster that stands is given of its user's: a private kubeconfig, and an owner's name."""

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
    from tui.plan.own_namespaces import Namespaces

_ODD = re.compile(r"[^\w.@+-]", re.ASCII)
_MOST = 54  # characters of a plan's name in the value of a label, which has 63


def settled(loaded: LoadedPlan, hosts: Mapping[str, str]) -> LoadedPlan:
    """Return a plan with all that its cluster, if it stands, needs beside its context.

    Args:
        loaded: The plan.
        hosts: The addresses of its hosts, by their names.

    Raises:
        NotReadyError: The user's state cannot be kept.
    """
    cluster = loaded.plan.cluster
    if cluster is None or not cluster.stands:
        return loaded
    host = hosts.get(placement(loaded.plan).cluster, LOCAL)
    given = {
        "kubeconfig": _kubeconfig(cluster.context, host),
        "owner": cluster.owner or f"{loaded.plan.name[:_MOST]}-{_user(cluster.namespaces)}",
    }
    plan = loaded.plan.model_copy(update={"cluster": cluster.model_copy(update=given)})
    return replace(loaded, plan=plan)


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
