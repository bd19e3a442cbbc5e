"""Steps that change what is in the cluster."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator

from tui.plan.faults import shown
from tui.plan.steps.base import StepBase
from tui.plan.steps.command import as_setting
from tui.plan.steps.references import KIND, Namespace, Rollout, checked_reference
from tui.plan.values import OneOrMore

_TAINT = re.compile(
    r"[A-Za-z0-9][\w./-]*(=[\w.-]*)?:(NoSchedule|PreferNoSchedule|NoExecute)-?|[A-Za-z0-9][\w./-]*-", re.ASCII
)
_OPERATIONS = {
    "add": "value",
    "remove": "path",
    "replace": "value",
    "test": "value",
    "copy": "from",
    "move": "from",
}
"""The operations of JSON Patch, each with the key that it cannot do without."""


def _some(text: str, info: ValidationInfo) -> str:
    return text if text.endswith("/*") and KIND.fullmatch(text[:-2]) else checked_reference(text, info)


def _taint(text: str) -> str:
    if not _TAINT.fullmatch(text):
        hint = (
            "write KEY=VALUE:NoSchedule, or KEY- to remove it; PreferNoSchedule and NoExecute are effects too"
        )
        raise ValueError(f"{shown(text)} is not a taint", hint)
    return text


def _operation(value: dict[str, Any]) -> dict[str, Any]:
    needed, path = _OPERATIONS.get(str(value.get("op"))), value.get("path")
    if needed is None or not isinstance(path, str) or path[:1] not in {"", "/"}:
        hint = "write {op: replace, path: /spec/x, value: 2}; add, remove, test, copy and move are known too"
        raise ValueError("this is not an operation of JSON Patch", hint)
    if needed not in value:
        raise ValueError(f"the operation {value['op']} lacks its {needed!r}", f"add `{needed}: …`")
    return value


Notes = dict[str, Annotated[str, BeforeValidator(as_setting)] | None]
"""Labels or annotations; one that is nothing is removed."""


class KubernetesPatch(StepBase):
    """Change some fields of objects that are there; it is told what has changed."""

    action = "tui.actions.kubernetes.patch:patch"
    needs_cluster = True
    example = (
        "- {kind: kubernetes.patch, objects: deployment/web, namespace: shop, merge: {spec: {replicas: 2}}}"
    )

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
    example = "- {kind: kubernetes.restart, rollouts: deployment/web, namespace: shop}"

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
