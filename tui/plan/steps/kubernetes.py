"""Steps that speak to the cluster's API server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
)

from tui.plan.steps.base import Names, StepBase
from tui.plan.steps.references import Namespace, Reference
from tui.plan.values import (
    Duration,
    ExistingDirectory,
    Frozen,
    OneOrMore,
    PlanPath,
    Url,
    checked_url,
    existing_path,
)

SHA256 = "^[0-9a-fA-F]{64}$"


def _source(value: str, info: ValidationInfo) -> str:
    remote = value.startswith(("http://", "https://"))
    return checked_url(value) if remote else str(existing_path(value, info, may_match=True))


Source = Annotated[str, AfterValidator(_source)]
"""A URL, or a file, directory or pattern; there must be something at it when the plan is read."""


class Remote(Frozen):
    """A manifest to fetch, pinned by its checksum."""

    url: Url = Field(description="Where it is fetched from.")
    sha256: str | None = Field(
        None, pattern=SHA256, description="Checksum that what is fetched must have, in hexadecimal."
    )


def _object(value: dict[str, Any]) -> dict[str, Any]:
    for key in ("apiVersion", "kind"):
        if not isinstance(value.get(key), str) or not value[key]:
            raise ValueError(f"the object has no {key}", "write it as it would be applied")
    metadata = value.get("metadata")
    if not isinstance(metadata, dict) or not metadata:
        raise ValueError("the object's metadata must be a mapping", "give it a name or a generateName")
    return value


class Inline(Frozen):
    """An object that is written in the plan."""

    object: Annotated[dict[str, Any], AfterValidator(_object)] = Field(
        description="The object, with apiVersion, kind and metadata."
    )


class Kustomized(Frozen):
    """A directory that is written for kustomize."""

    kustomize: ExistingDirectory = Field(
        description="The directory; it is built by `kustomize`, or else by `kubectl kustomize`."
    )


def _form(value: Any) -> str:
    if isinstance(value, dict):
        return "Inline" if "object" in value else "Kustomized" if "kustomize" in value else "Remote"
    return "text" if isinstance(value, str) else type(value).__name__


Manifest = Annotated[
    Annotated[Source, Tag("text")]
    | Annotated[Remote, Tag("Remote")]
    | Annotated[Inline, Tag("Inline")]
    | Annotated[Kustomized, Tag("Kustomized")],
    Discriminator(_form),
]


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
        " object itself, `kustomize: DIR` a directory for kustomize."
    )
    namespace: Namespace | None = Field(
        None, description="Namespace of the namespaced objects that name none; `default` if absent."
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

    def _subject(self) -> str:
        return ", ".join(map(_named, self.manifests))

    @property
    def namespaces_made(self) -> frozenset[str] | None:
        """None, as they stand in the manifests; see `tui.plan.namespaces`."""
        return None

    @property
    def namespaces_used(self) -> frozenset[str]:
        """The namespace of objects that name none."""
        return frozenset(filter(None, (self.namespace,)))


def _named(manifest: str | Remote | Inline | Kustomized) -> str:
    """Return how a manifest is named in a step's title."""
    if isinstance(manifest, Inline):
        metadata = manifest.object["metadata"]
        return f"{manifest.object['kind']}/{metadata.get('name') or metadata.get('generateName', '')}"
    if isinstance(manifest, Kustomized):
        return manifest.kustomize.name
    return (manifest if isinstance(manifest, str) else manifest.url).rsplit("/", 1)[-1]


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
    manifest: Annotated[dict[str, Any], AfterValidator(_object)] = Field(
        description="The object; it is never stored."
    )
    interval: Duration = Field(1.0, description="Pause between two tries.")

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
