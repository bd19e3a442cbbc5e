"""Steps that speak to the cluster's API server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from tui.plan.steps.base import Names, StepBase
from tui.plan.steps.references import Namespace, Reference
from tui.plan.steps.sources import Manifest, Replacement, checked_object
from tui.plan.values import Duration, OneOrMore, PlanPath


class KubernetesApply(StepBase):
    """Apply manifests with server-side apply: namespaces and CRDs first."""

    action = "tui.actions.kubernetes.apply:apply"
    needs_cluster = True
    example = (
        "- {kind: kubernetes.apply, manifests: [deploy/*.yaml, {kustomize: overlays/test}], namespace: shop}"
    )

    kind: Literal["kubernetes.apply"]
    manifests: Annotated[tuple[Manifest, ...], Field(min_length=1), OneOrMore()] = Field(
        description="Files, directories, patterns such as `k8s/*.yaml`, and URLs, in order; `object: …` is an"
        " object itself, `kustomize: DIR` a directory for kustomize; `configmap:`, `secret:` and `tls:` name"
        " what is made of files, literals and names."
    )
    recursive: bool = Field(
        False, description="Take manifests of directories in directories too, as kubectl's `--recursive`."
    )
    namespace: Namespace | None = Field(
        None, description="Namespace of the namespaced objects that name none; `default` if absent."
    )
    move_to: Namespace | None = Field(
        None,
        description="Namespace of all namespaced objects, whatever they name, as kustomize's `namespace`:"
        " role bindings and webhooks follow the service accounts and services that are moved.",
    )
    images: Annotated[tuple[Replacement, ...], OneOrMore()] = Field(
        (),
        description="Images that get other names, tags or digests, as by kustomize's `images`.",
    )
    substitute: bool = Field(False, description="Fill in `${…}` in files (never in what is fetched).")
    replace: Annotated[tuple[Reference, ...], OneOrMore()] = Field(
        (),
        description="Objects, as KIND/NAME, that are deleted and made anew where a change to them is refused;"
        " finished Jobs of ours are so without being named.",
    )
    probes: Literal["written", "fast"] = Field(
        "written",
        description="`fast`: workloads are asked at once, and then each second, "
        "whether they are ready, whatever their readiness probes say; the run's report tells of it.",
    )

    @model_validator(mode="after")
    def _in_one_namespace(self) -> KubernetesApply:
        if self.namespace and self.move_to:
            raise ValueError("`namespace` and `move_to` exclude each other", "`move_to` alone is for all")
        return self

    def _subject(self) -> str:
        return ", ".join(
            each.rsplit("/", 1)[-1] if isinstance(each, str) else str(each) for each in self.manifests
        )

    @property
    def namespaces_made(self) -> frozenset[str] | None:
        """None, as they stand in the manifests; see `tui.plan.namespaces`."""
        return None

    @property
    def namespaces_used(self) -> frozenset[str]:
        """The namespace of objects that name none, or of all."""
        return frozenset(filter(None, (self.move_to or self.namespace,)))


class KubernetesProbe(StepBase):
    """Dry-run an object on the server until the admission webhooks that judge it answer."""

    action = "tui.actions.kubernetes.probe:probe"
    needs_cluster = True
    default_timeout: ClassVar[float] = 120.0
    example = """\
- kind: kubernetes.probe
  manifest: {apiVersion: tekton.dev/v1, kind: Task, metadata: {name: probe, namespace: shop}, spec: {}}
  timeout: 2m"""

    kind: Literal["kubernetes.probe"]
    manifest: Annotated[dict[str, Any], AfterValidator(checked_object)] = Field(
        description="The object; it is never stored."
    )
    interval: Duration = Field(0.5, description="Pause between two tries.")

    def _subject(self) -> str:
        return str(self.manifest["kind"])

    @property
    def namespaces_used(self) -> frozenset[str]:
        """The namespace of the object."""
        return frozenset(filter(None, (str(self.manifest["metadata"].get("namespace") or ""),)))


class KubernetesNamespace(StepBase):
    """Make sure that namespaces exist."""

    action = "tui.actions.kubernetes.namespace:namespace"
    needs_cluster = True
    example = "- {kind: kubernetes.namespace, names: shop, labels: {team: web}}"

    kind: Literal["kubernetes.namespace"]
    names: Annotated[tuple[Namespace, ...], OneOrMore()] = Field(description="The namespaces.")
    labels: dict[str, str] = Field(default_factory=dict, description="Labels that each of them gets.")

    def _subject(self) -> str:
        return ", ".join(self.names)

    @property
    def namespaces_made(self) -> frozenset[str] | None:
        """All that it names."""
        return frozenset(self.names)


class KubernetesPullSecret(StepBase):
    """Make an image pull secret from the user's own registry logins, and link it to service accounts."""

    action = "tui.actions.kubernetes.pull_secret:pull_secret"
    needs_cluster = True
    example = "- {kind: kubernetes.pull_secret, name: registry, namespace: shop}"

    kind: Literal["kubernetes.pull_secret"]
    name: str = Field(description="The secret's name.")
    namespace: Namespace = Field(description="Namespace of the secret and of the service accounts.")
    sources: Annotated[tuple[PlanPath, ...], OneOrMore()] = Field(
        (Path("~/.config/containers/auth.json"), Path("~/.docker/config.json")),
        validate_default=True,
        description="Login files of Docker and Podman; an earlier one goes first. By default all the places "
        "are tried where the two keep them. Credential helpers that the files name are asked. Without any "
        "login the step only warns.",
    )
    service_accounts: Names = Field(("default",), description="Service accounts whose pods use the secret.")

    def _subject(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def namespaces_used(self) -> frozenset[str]:
        """The namespace of the secret."""
        return frozenset((self.namespace,))
