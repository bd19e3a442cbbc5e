"""What work on a cluster is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tui.reporter import Reporter

if TYPE_CHECKING:
    from tui.hosts.host import Host
    from tui.plan.model import Cluster


class Place(Reporter, Protocol):
    """A piece of work that has a cluster."""

    @property
    def cluster(self) -> Cluster:
        """The plan's cluster."""

    @property
    def cluster_host(self) -> Host:
        """The host that it runs on."""
