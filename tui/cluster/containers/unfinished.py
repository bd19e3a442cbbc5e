"""Clusters whose creation by bringup has not finished, known by the ids of their nodes.

The ids are noted in a file while a cluster is made. A run that is killed leaves it, and only then.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from tui.run.directories import locks_directory, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tui.cluster.provider import Node
    from tui.hosts.host import Host
    from tui.plan.model import Cluster


def note(cluster: Cluster, host: Host, nodes: Iterable[Node]) -> None:
    """Note that nodes are of a cluster that is being made; blocks. Where that fails nothing is noted."""
    with contextlib.suppress(OSError):
        write_whole(_file(cluster, host), "\n".join(node.id for node in nodes))


def forget(cluster: Cluster, host: Host) -> None:
    """Forget what was noted of a cluster, which is made or gone; blocks."""
    with contextlib.suppress(OSError):
        _file(cluster, host).unlink(missing_ok=True)


def is_unfinished(cluster: Cluster, host: Host, nodes: Iterable[Node]) -> bool:
    """Return whether all of a cluster's nodes are of a creation that was cut off; blocks."""
    noted: set[str] = set()
    with contextlib.suppress(OSError):
        noted = {*_file(cluster, host).read_text(encoding="utf-8").split()}
    return {node.id for node in nodes} <= noted


def _file(cluster: Cluster, host: Host) -> Path:
    return locks_directory() / f"{cluster.name}@{host.name.replace('/', '_')}.unfinished"
