"""Steps that install and uninstall releases of Helm's charts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator

from tui.plan.faults import shown
from tui.plan.steps.base import StepBase
from tui.plan.steps.references import Namespace
from tui.plan.values import ExistingFile, OneOrMore, Url, existing_path

_RELEASE = re.compile(r"(?=.{1,53}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


def _release(name: str) -> str:
    if not _RELEASE.fullmatch(name):
        hint = "at most 53 lower-case letters and digits, with - and . between them"
        raise ValueError(f"{shown(name)} is not the name of a release", hint)
    return name


def _no_registry(address: str) -> str:
    if str(address).startswith("oci://"):
        hint = f"write `chart: {address}/NAME` in place of both: a registry has no index of charts"
        raise ValueError(f"{shown(address)} is a registry, not a repository of charts", hint)
    return address


class _HelmStep(StepBase):
    needs_cluster = True

    release: Annotated[str, AfterValidator(_release)] = Field(description="Name of the release.")
    namespace: Namespace = Field("default", description="Namespace of the release.")

    def _subject(self) -> str:
        return self.release


class HelmInstall(_HelmStep):
    """Install a chart, or upgrade its release, and wait until its rollouts and Jobs are complete."""

    action = "tui.actions.helm:install"
    example = (
        "- {kind: helm.install, release: web, namespace: shop, chart: charts/web, "
        "values: {replicas: 1}, timeout: 5m}"
    )

    kind: Literal["helm.install"]
    chart: str = Field(
        min_length=1,
        description="The chart: a directory or archive, `oci://…`, or its name in `repository`.",
    )
    repository: Annotated[Url, BeforeValidator(_no_registry)] | None = Field(
        None, description="Repository that has the chart."
    )
    version: str | None = Field(None, description="Version of the chart; the latest if absent.")
    values: dict[str, Any] = Field(
        default_factory=dict, description="Values of the chart, over those of files."
    )
    files: Annotated[tuple[ExistingFile, ...], OneOrMore()] = Field(
        (), description="Files of values, later ones over earlier ones."
    )
    wait: bool = Field(True, description="Wait until its rollouts and Jobs are complete.")

    @model_validator(mode="after")
    def _has_chart(self, info: ValidationInfo) -> HelmInstall:
        if self.repository is not None and "://" in self.chart:
            hint = "leave `repository` out, or let `chart` be its name there"
            raise ValueError(f"{shown(self.chart)} is an address of its own, beside a `repository`", hint)
        if self.path is not None:
            try:
                existing_path(self.chart, info)
            except ValueError as error:
                hint = "name a directory or archive, or the chart's `repository`"
                raise type(error)(error.args[0], hint) from error
        return self

    @property
    def path(self) -> Path | None:
        """The chart's directory or archive; None where it is in a repository or registry."""
        remote = self.repository is not None or self.chart.startswith(("oci://", "http://", "https://"))
        return None if remote else Path(self.chart).expanduser()

    @property
    def namespaces_made(self) -> frozenset[str] | None:
        """None, as charts may make any; its own is made for it."""
        return None


class HelmUninstall(_HelmStep):
    """Uninstall a release, if there is one."""

    action = "tui.actions.helm:uninstall"
    example = "- {kind: helm.uninstall, release: web, namespace: shop}"

    kind: Literal["helm.uninstall"]
