"""Steps that create and delete a Kind cluster."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from tui.plan.steps.base import StepBase
from tui.plan.values import Duration, ExistingFile, PlanPath

ClusterConfig = Annotated[
    Annotated[ExistingFile, Tag("text")] | Annotated[dict[str, Any], Tag("mapping")],
    Discriminator(lambda value: "mapping" if isinstance(value, dict) else "text"),
]
"""Kind's configuration, or the file that it is in; see `tui.plan.kind_config`."""


class _KindStep(StepBase):
    """Works on the plan's Kind cluster, on its host."""

    needs_engine = True
    needs_cluster = True
    on_cluster_host = True

    def _subject(self) -> str:
        return self.cluster or ""


class KindCreate(_KindStep):
    """Create the plan's Kind cluster, or adopt a healthy one of that name."""

    action = "tui.actions.kind:create"
    programs = ("kind",)
    makes_cluster = True
    example = "- {kind: kind.create, config: kind.yaml, timeout: 5m}"

    kind: Literal["kind.create"]
    config: ClusterConfig | None = Field(
        None,
        description="Kind's configuration: a file, in which `${…}` is filled in, or itself. With node images "
        "before v1.31, settings by which clusters start sooner are added, and told, unless it has them.",
    )
    image: str | None = Field(None, description="Node image; kind's own default if absent.")
    wait: Duration = Field(120.0, description="How long the made cluster may take to become ready.")


class KindLogs(_KindStep):
    """Export the logs of the plan's Kind cluster: of its nodes, its system and its pods."""

    action = "tui.actions.kind:logs"
    programs = ("kind",)
    example = "- {kind: kind.logs, to: artifacts/logs}"

    kind: Literal["kind.logs"]
    to: PlanPath = Field(
        description="Directory that they are written to; over SSH kind makes one there, and it is told."
    )

    def _subject(self) -> str:
        return " ".join(filter(None, (self.cluster, self.to.name)))


class KindDelete(_KindStep):
    """Delete the plan's Kind cluster and its kubeconfig."""

    action = "tui.actions.kind:delete"
    programs = ("kind",)
    ends_cluster = True
    example = "- {kind: kind.delete}"

    kind: Literal["kind.delete"]


class KindStop(_KindStep):
    """Stop the plan's Kind cluster, of one node, so that the next `kind.create` starts it again."""

    action = "tui.actions.kind:stop"
    ends_cluster = True
    example = "- {kind: kind.stop}"

    kind: Literal["kind.stop"]
