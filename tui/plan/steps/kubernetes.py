"""Steps that speak to the cluster's API server."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    model_validator,
)

from tui.plan.faults import shown
from tui.plan.json_path import JsonPath
from tui.plan.steps.base import Names, StepBase
from tui.plan.steps.command import Setting, as_setting
from tui.plan.values import Duration, Frozen, OneOrMore, PlanPath, Url, checked_url, existing_path

SHA256 = "^[0-9a-fA-F]{64}$"
_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_OBJECT_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*")
_NAMESPACE_NAME = re.compile(f"(?=.{{1,63}}$){_LABEL}")
_KIND = re.compile(r"[A-Za-z][A-Za-z0-9-]*(\.[A-Za-z0-9.-]+)?")
_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.:]*[A-Za-z0-9])?")
_TAINT = re.compile(
    r"[A-Za-z0-9][\w./-]*(=[\w.-]*)?:(NoSchedule|PreferNoSchedule|NoExecute)-?|[A-Za-z0-9][\w./-]*-", re.ASCII
)
_OPERATIONS = {"add", "remove", "replace", "test", "copy", "move"}
_CHARACTERS = "lower-case letters and digits, with - between them"
_ROLLOUT_KINDS = {  # as kubectl takes them
    **dict.fromkeys(("deploy", "deployment", "deployments"), "deployment"),
    **dict.fromkeys(("sts", "statefulset", "statefulsets"), "statefulset"),
    **dict.fromkeys(("ds", "daemonset", "daemonsets"), "daemonset"),
}


def _namespace(name: str) -> str:
    if not _NAMESPACE_NAME.fullmatch(name):
        raise ValueError(f"{shown(name)} is not the name of a namespace", _CHARACTERS)
    return name


Namespace = Annotated[str, AfterValidator(_namespace)]
"""The name of a namespace, as the API server takes it."""


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


Manifest = Annotated[
    Annotated[Source, Tag("text")] | Annotated[Remote, Tag("Remote")],
    Discriminator(lambda value: "Remote" if isinstance(value, dict | Remote) else "text"),
]


class KubernetesApply(StepBase):
    """Apply manifests with server-side apply: namespaces and CRDs first."""

    action = "tui.actions.kubernetes.apply:apply"
    needs_cluster = True

    kind: Literal["kubernetes.apply"]
    manifests: Annotated[tuple[Manifest, ...], Field(min_length=1), OneOrMore()] = Field(
        description="Files, directories, patterns such as `k8s/*.yaml`, and URLs, in order."
    )
    namespace: Namespace | None = Field(
        None, description="Namespace of the namespaced objects that name none; `default` if absent."
    )
    substitute: bool = Field(False, description="Fill in `${…}` in files (never in what is fetched).")
    probes: Literal["written", "fast"] = Field(
        "written",
        description="`fast`: workloads are asked at once, and then each second, "
        "whether they are ready, whatever their readiness probes say; the run's report tells of it.",
    )

    def _subject(self) -> str:
        return ", ".join((m if isinstance(m, str) else m.url).rsplit("/", 1)[-1] for m in self.manifests)

    @property
    def namespaces_made(self) -> frozenset[str] | None:
        """None, as they stand in the manifests; see `tui.plan.namespaces`."""
        return None

    @property
    def namespaces_used(self) -> frozenset[str]:
        """The namespace of objects that name none."""
        return frozenset(filter(None, (self.namespace,)))


def _rollout(rollout: str) -> str:
    written, _, name = rollout.partition("/")
    kind = _ROLLOUT_KINDS.get(written.lower().removesuffix(".apps"))
    if kind is None or not name:
        raise ValueError(f"{shown(rollout)} is not deployment/NAME, statefulset/NAME or daemonset/NAME")
    if not _OBJECT_NAME.fullmatch(name):
        raise ValueError(f"{shown(name)} is not the name of an object", _CHARACTERS)
    return f"{kind}/{name}"


Rollout = Annotated[str, AfterValidator(_rollout)]


def _reference(text: str) -> str:
    kind, _, name = text.partition("/")
    if not _KIND.fullmatch(kind) or not _NAME.fullmatch(name):
        hint = "write KIND/NAME or KIND.GROUP/NAME, such as certificate.cert-manager.io/web"
        raise ValueError(f"{shown(text)} does not name an object", hint)
    return text


Reference = Annotated[str, AfterValidator(_reference)]
"""An object, as kubectl takes it: `pod/NAME`, `certificate.cert-manager.io/NAME`."""


def _job(job: str) -> str:
    kind, _, name = job.rpartition("/")
    if kind.lower().removesuffix(".batch") not in {"", "job", "jobs"} or not _OBJECT_NAME.fullmatch(name):
        raise ValueError(f"{shown(job)} is not the name of a Job", _CHARACTERS)
    return name


def _labels(text: str) -> str:
    if not text.strip():
        raise ValueError(
            f"{shown(text)} does not select pods by their labels", "write app=web or app=web,tier=db"
        )
    return text


def _condition(text: str) -> str:
    if not re.fullmatch(r"[^\s=]+(=[^\s=]+)?", text):
        raise ValueError(f"{shown(text)} is not a condition", "write Ready, or Ready=False")
    return text


def _path(text: str) -> str:
    return JsonPath.parse(text).text


class Condition(Frozen):
    """A condition of an object."""

    object: Reference = Field(description="The object, as KIND/NAME or KIND.GROUP/NAME.")
    is_: Annotated[str, AfterValidator(_condition)] = Field(
        alias="is", description="The condition's type, such as `Ready`; or `Ready=False`."
    )


class Value(Frozen):
    """A value of an object."""

    object: Reference = Field(description="The object, as KIND/NAME or KIND.GROUP/NAME.")
    path: Annotated[str, AfterValidator(_path)] = Field(
        description="Where the value is, as JSONPath of kubectl: `.status.phase`."
    )
    is_: Setting | None = Field(None, alias="is", description="The value, as text; any if absent.")


class KubernetesWait(StepBase):
    """Wait until objects exist and are as wanted; pods' events and logs stream meanwhile."""

    action = "tui.actions.kubernetes.wait:wait"
    needs_cluster = True

    kind: Literal["kubernetes.wait"]
    rollouts: Annotated[tuple[Rollout, ...], OneOrMore()] = Field(
        (), description="`deployment/NAME`, `statefulset/NAME` or `daemonset/NAME`, until they are complete."
    )
    jobs: Annotated[tuple[Annotated[str, AfterValidator(_job)], ...], OneOrMore()] = Field(
        (), description="Jobs, until they are complete; one that has failed fails the step at once."
    )
    pods: Annotated[tuple[Annotated[str, AfterValidator(_labels)], ...], OneOrMore()] = Field(
        (),
        description="Pods by their labels, such as `app=web`, until there are some and all are ready; those"
        " that have succeeded, or are being deleted, do not count.",
    )
    nodes: Names = Field((), description="Nodes by name, or `all`, until they are ready.")
    conditions: Annotated[tuple[Condition, ...], OneOrMore()] = Field(
        (), description="Conditions of objects, until they hold."
    )
    values: Annotated[tuple[Value, ...], OneOrMore()] = Field(
        (), description="Values of objects, until they are as wanted."
    )
    gone: Annotated[tuple[Reference, ...], OneOrMore()] = Field(
        (), description="Objects as KIND/NAME, until they do not exist any more."
    )
    namespace: Namespace = Field("default", description="Namespace of all that it waits for.")

    @model_validator(mode="after")
    def _waits_for_something(self) -> KubernetesWait:
        keys = ("rollouts", "jobs", "pods", "nodes", "conditions", "values", "gone")
        if not self.model_fields_set & set(keys):
            raise ValueError("the step waits for nothing", f"give it one of: {', '.join(keys)}")
        return self

    def _subject(self) -> str:
        jobs = [f"job/{name}" for name in self.jobs]
        pods = [f"pods {labels}" for labels in self.pods]
        nodes = ["all nodes" if name == "all" else f"node/{name}" for name in self.nodes]
        conditions = [f"{each.object} {each.is_}" for each in self.conditions]
        values = [f"{each.object} {each.path}" for each in self.values]
        gone = [f"no {each}" for each in self.gone]
        return ", ".join((*self.rollouts, *jobs, *pods, *nodes, *conditions, *values, *gone))

    @property
    def namespaces_used(self) -> frozenset[str]:
        """The namespace of all that it waits for."""
        return frozenset((self.namespace,))


def _some(text: str) -> str:
    return text if text.endswith("/*") and _KIND.fullmatch(text[:-2]) else _reference(text)


def _taint(text: str) -> str:
    if not _TAINT.fullmatch(text):
        hint = (
            "write KEY=VALUE:NoSchedule, or KEY- to remove it; PreferNoSchedule and NoExecute are effects too"
        )
        raise ValueError(f"{shown(text)} is not a taint", hint)
    return text


def _operation(value: dict[str, Any]) -> dict[str, Any]:
    operation, path = value.get("op"), value.get("path")
    if operation not in _OPERATIONS or not isinstance(path, str) or path[:1] not in {"", "/"}:
        hint = "write {op: replace, path: /spec/x, value: 2}; add, remove, test, copy and move are known too"
        raise ValueError("this is not an operation of JSON Patch", hint)
    return value


Notes = dict[str, Annotated[str, BeforeValidator(as_setting)] | None]
"""Labels or annotations; one that is nothing is removed."""


class KubernetesPatch(StepBase):
    """Change some fields of objects that are there; it is told what has changed."""

    action = "tui.actions.kubernetes.patch:patch"
    needs_cluster = True

    kind: Literal["kubernetes.patch"]
    objects: Annotated[
        tuple[Annotated[str, AfterValidator(_some)], ...], Field(min_length=1), OneOrMore()
    ] = Field(description="The objects, as KIND/NAME or KIND.GROUP/NAME; `node/*` are all of a kind.")
    namespace: Namespace = Field("default", description="Namespace of the objects.")
    strategic: dict[str, Any] = Field(
        default_factory=dict,
        description="Fields with their values; lists are merged by their items' names. For built-in kinds.",
    )
    merge: dict[str, Any] = Field(
        default_factory=dict,
        description="Fields with their values; lists are replaced, and `null` removes a field.",
    )
    json_patch: Annotated[tuple[Annotated[dict[str, Any], AfterValidator(_operation)], ...], OneOrMore()] = (
        Field(
            (),
            alias="json",
            description="Operations of JSON Patch; what is in a list already is not added to it again.",
        )
    )
    labels: Notes = Field(default_factory=dict, description="Labels; one that is `null` is removed.")
    annotations: Notes = Field(
        default_factory=dict, description="Annotations; one that is `null` is removed."
    )
    taints: Annotated[tuple[Annotated[str, AfterValidator(_taint)], ...], OneOrMore()] = Field(
        (), description="Taints of nodes, as `KEY=VALUE:NoSchedule`; `KEY-` or `KEY:NoSchedule-` removes one."
    )

    @model_validator(mode="after")
    def _changes_something(self) -> KubernetesPatch:
        keys = ("strategic", "merge", "json_patch", "labels", "annotations", "taints")
        if not self.model_fields_set & set(keys):
            hint = "give it one of: strategic, merge, json, labels, annotations, taints"
            raise ValueError("the step changes nothing", hint)
        return self

    def _subject(self) -> str:
        return ", ".join(self.objects)

    @property
    def namespaces_used(self) -> frozenset[str]:
        """The namespace of the objects."""
        return frozenset((self.namespace,))


class KubernetesRestart(StepBase):
    """Have rollouts replace their pods, as `kubectl rollout restart` does."""

    action = "tui.actions.kubernetes.patch:restart"
    needs_cluster = True

    kind: Literal["kubernetes.restart"]
    rollouts: Annotated[tuple[Rollout, ...], Field(min_length=1), OneOrMore()] = Field(
        description="`deployment/NAME`, `statefulset/NAME` or `daemonset/NAME`."
    )
    namespace: Namespace = Field("default", description="Namespace of the rollouts.")

    def _subject(self) -> str:
        return ", ".join(self.rollouts)

    @property
    def namespaces_used(self) -> frozenset[str]:
        """The namespace of the rollouts."""
        return frozenset((self.namespace,))


def _object(value: dict[str, Any]) -> dict[str, Any]:
    for key in ("apiVersion", "kind"):
        if not isinstance(value.get(key), str) or not value[key]:
            raise ValueError(f"the object has no {key}", "write it as it would be applied")
    metadata = value.get("metadata")
    if not isinstance(metadata, dict) or not metadata:
        raise ValueError("the object's metadata must be a mapping", "give it a name or a generateName")
    return value


class KubernetesProbe(StepBase):
    """Dry-run an object on the server until the admission webhooks that judge it answer."""

    action = "tui.actions.kubernetes.probe:probe"
    needs_cluster = True
    default_timeout: ClassVar[float] = 120.0

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
