"""What work on a cluster is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tui.reporter import Reporter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.hosts.host import Host
    from tui.hosts.host_set import ClusterAt
    from tui.plan.model import Cluster


class Place(Reporter, Protocol):
    """A piece of work that has a cluster."""

    @property
    def cluster(self) -> Cluster:
        """The cluster."""

    @property
    def cluster_host(self) -> Host:
        """The host that it runs on."""

    @property
    def other_clusters(self) -> Sequence[ClusterAt]:
        """The plan's other clusters, each with its host."""
