"""The steps that a plan can be made of, one model a kind.

A new kind is its model in this package, its action, and its line in `Step`.
"""

from __future__ import annotations

from typing import Annotated, get_args

from pydantic import Field

from tui.plan.steps.base import StepBase
from tui.plan.steps.cluster import ClusterCreate, ClusterDelete, ClusterLogs, ClusterStop
from tui.plan.steps.command import Command
from tui.plan.steps.deliver import ImageDeliver, ImagePush
from tui.plan.steps.helm import HelmInstall, HelmUninstall
from tui.plan.steps.http import HttpCheck
from tui.plan.steps.image import ImageBuild, ImageImport, ImageMake, ImagePull
from tui.plan.steps.kubernetes import (
    KubernetesApply,
    KubernetesNamespace,
    KubernetesProbe,
    KubernetesPullSecret,
)
from tui.plan.steps.patch import KubernetesPatch, KubernetesRestart
from tui.plan.steps.postgres import Database, PostgresMigrate, PostgresVerify
from tui.plan.steps.sources import Certificate, ConfigMap, Inline, Kustomized, Remote, Replacement, Secret
from tui.plan.steps.wait import KubernetesWait

Step = Annotated[
    ClusterCreate
    | ClusterLogs
    | ClusterDelete
    | ClusterStop
    | ImageBuild
    | ImageMake
    | ImageImport
    | ImagePull
    | ImageDeliver
    | ImagePush
    | KubernetesApply
    | KubernetesPatch
    | KubernetesRestart
    | KubernetesWait
    | KubernetesProbe
    | KubernetesNamespace
    | KubernetesPullSecret
    | PostgresMigrate
    | PostgresVerify
    | HelmInstall
    | HelmUninstall
    | HttpCheck
    | Command,
    Field(discriminator="kind"),
]


def kinds_of(model: type[StepBase]) -> tuple[str, ...]:
    """Return the kinds that a model is of: its own, and its other names."""
    return get_args(model.model_fields["kind"].annotation)


STEPS: dict[str, type[StepBase]] = {
    kind: model for model in get_args(get_args(Step)[0]) for kind in kinds_of(model)
}
"""Each kind's model."""

__all__ = [
    "STEPS",
    "Certificate",
    "ClusterCreate",
    "ClusterDelete",
    "ClusterLogs",
    "ClusterStop",
    "Command",
    "ConfigMap",
    "Database",
    "HelmInstall",
    "HelmUninstall",
    "HttpCheck",
    "ImageBuild",
    "ImageDeliver",
    "ImageImport",
    "ImageMake",
    "ImagePull",
    "ImagePush",
    "Inline",
    "KubernetesApply",
    "KubernetesNamespace",
    "KubernetesPatch",
    "KubernetesProbe",
    "KubernetesPullSecret",
    "KubernetesRestart",
    "KubernetesWait",
    "Kustomized",
    "PostgresMigrate",
    "PostgresVerify",
    "Remote",
    "Replacement",
    "Secret",
    "Step",
    "StepBase",
    "kinds_of",
]
