"""Steps that create, stop and delete the plan's cluster; as `kind.…` they are for clusters of kind alone."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import Discriminator, Field, Tag

from tui.plan.steps.base import StepBase
from tui.plan.values import Duration, ExistingFile, ImageName, PlanPath

ProviderName = Literal["kind", "k3d"]
PROVIDERS = get_args(ProviderName)
"""What makes clusters; each is the name of a program, too."""

LONGEST_OF_K3D = 32  # characters of a cluster's name

ClusterConfig = Annotated[
    Annotated[ExistingFile, Tag("text")] | Annotated[dict[str, Any], Tag("mapping")],
    Discriminator(lambda value: "mapping" if isinstance(value, dict) else "text"),
]
"""A provider's configuration, or the file that it is in; see `tui.plan.cluster_config`."""


class _ClusterStep(StepBase):
    """Works on the plan's cluster, on its host."""

    needs_engine = True
    needs_cluster = True
    on_cluster_host = True

    def _subject(self) -> str:
        return self.cluster or ""


class ClusterCreate(_ClusterStep):
    """Create the plan's cluster by its provider, or adopt a healthy one of that name."""

    action = "tui.actions.cluster:create"
    needs_provider = True
    makes_cluster = True
    example = "- {kind: cluster.create, config: kind.yaml, timeout: 5m}"

    kind: Literal["cluster.create", "kind.create"]
    config: ClusterConfig | None = Field(
        None,
        description="The provider's own configuration: a file, in which `${…}` is filled in, or itself. With"
        " node images of kind before v1.31, settings by which clusters start sooner are added, and told,"
        " unless it has them.",
    )
    image: ImageName | None = Field(None, description="Node image; the provider's own default if absent.")
    wait: Duration = Field(120.0, description="How long the made cluster may take to become ready.")


class ClusterLogs(_ClusterStep):
    """Export the logs of the plan's cluster: of its nodes, its system and its pods."""

    action = "tui.actions.cluster:logs"
    needs_provider = True
    example = "- {kind: cluster.logs, to: artifacts/logs}"

    kind: Literal["cluster.logs", "kind.logs"]
    to: PlanPath = Field(
        description="Directory that they are written to; over SSH one is made there, and it is told."
    )

    def _subject(self) -> str:
        return " ".join(filter(None, (self.cluster, self.to.name)))


class ClusterDelete(_ClusterStep):
    """Delete the plan's cluster and its kubeconfig."""

    action = "tui.actions.cluster:delete"
    needs_provider = True
    ends_cluster = True
    example = "- {kind: cluster.delete}"

    kind: Literal["cluster.delete", "kind.delete"]


class ClusterStop(_ClusterStep):
    """Stop the plan's cluster, of one node where kind made it, until `cluster.create` starts it again."""

    action = "tui.actions.cluster:stop"
    ends_cluster = True
    example = "- {kind: cluster.stop}"

    kind: Literal["cluster.stop", "kind.stop"]
