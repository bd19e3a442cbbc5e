"""The makers of clusters, by their names as providers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.cluster.k3d.maker import K3d
from tui.cluster.kind.maker import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.cluster.containers.maker import Maker
    from tui.plan.model import Cluster

MAKERS: Mapping[str, Maker] = {maker.name: maker for maker in (Kind(), K3d())}


def maker_of(cluster: Cluster) -> Maker:
    """Return what makes a plan's cluster."""
    return MAKERS[cluster.provider]
