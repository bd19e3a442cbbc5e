"""The step that waits for what is in the cluster."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from tui.plan.faults import shown
from tui.plan.json_path import JsonPath
from tui.plan.steps.base import StepBase
from tui.plan.steps.command import Setting
from tui.plan.steps.references import CHARACTERS, OBJECT_NAME, Namespace, Reference, Rollout
from tui.plan.values import Frozen, OneOrMore


def _job(job: str) -> str:
    kind, _, name = job.rpartition("/")
    if kind.lower().removesuffix(".batch") not in {"", "job", "jobs"} or not OBJECT_NAME.fullmatch(name):
        raise ValueError(f"{shown(job)} is not the name of a Job", CHARACTERS)
    return name


_KEY = r"\s*([a-z0-9.-]+/)?[A-Za-z0-9][\w.-]*\s*"
_LABELS = re.compile(rf"!?{_KEY}|{_KEY}(==?|!=)\s*[\w.-]*\s*|{_KEY}\s(not)?in\s*\([\w.,\s-]*\)\s*", re.ASCII)
_BETWEEN_LABELS = re.compile(r",(?![^(]*\))")
_BY_NAME = re.compile(r"pods?/")


def _labels(text: str) -> str:
    cause = f"{shown(text)} does not select pods by their labels"
    if text.strip() == "all":
        raise ValueError(cause, 'write "!job-name" for all pods but those of Jobs, or app=web')
    if _BY_NAME.match(text):
        raise ValueError(cause, f"wait for a pod by its name with conditions: {{object: {text}, is: Ready}}")
    if not all(_LABELS.fullmatch(part) for part in _BETWEEN_LABELS.split(text)):
        raise ValueError(cause, "write app=web or app=web,tier=db")
    return text


def _node(name: str) -> str:
    if not OBJECT_NAME.fullmatch(name):
        raise ValueError(f"{shown(name)} is not the name of a node", f"`all`, or {CHARACTERS}")
    return name


def _condition(text: str) -> str:
    if text.startswith("condition="):
        raise ValueError(f"{shown(text)} is not a condition", f"write {text.removeprefix('condition=')}")
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
    example = "- {kind: kubernetes.wait, rollouts: deployment/web, jobs: seed, namespace: shop, timeout: 5m}"

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
    nodes: Annotated[tuple[Annotated[str, AfterValidator(_node)], ...], OneOrMore()] = Field(
        (), description="Nodes by name, or `all`, until they are ready."
    )
    conditions: Annotated[tuple[Condition, ...], OneOrMore()] = Field(
        (),
        description="Conditions of objects, until they hold; an object that has ended otherwise, such as a"
        " PipelineRun that failed, fails the step at once.",
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
