"""The plan: phases of tasks of steps, as read and checked."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PositiveInt,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticKnownError

from tui.plan.address import LOCAL, parse_address
from tui.plan.faults import shown
from tui.plan.graph import ON_FAILURE
from tui.plan.outputs import Outputs
from tui.plan.own_namespaces import Namespaces, in_cluster
from tui.plan.registry import Registry
from tui.plan.retry import Retry
from tui.plan.scope import NAME
from tui.plan.secret_values import secret_values
from tui.plan.steps import Step
from tui.plan.steps.base import Names, StepBase, Wanted
from tui.plan.steps.cluster import LONGEST_OF_K3D, ProviderName
from tui.plan.steps.command import Setting, VariableName
from tui.plan.steps.references import Namespace
from tui.plan.substitute import find
from tui.plan.values import Frozen, Label, PlanPath, Timeout

if TYPE_CHECKING:
    from collections.abc import Mapping

IDENTIFIER = r"^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$"
Identifier = Annotated[str, Field(pattern=IDENTIFIER)]
# Nodes are called after the cluster, as in `NAME-control-plane`, in at most 63 characters.
CLUSTER_NAME = r"^[a-z0-9]([a-z0-9.-]{0,47}[a-z0-9])?$"
OWNER = r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$"
"""What the value of a label is."""
_ID = "Lower-case letters and digits, with . _ - between them."


def _url(text: str) -> str:
    return text if text == LOCAL else parse_address(text).url


HostAddress = Annotated[str, AfterValidator(_url)]
"""`ssh://[USER@]HOST[:PORT]`, or a `Host` of the user's SSH configuration; `local` is this machine."""


class Task(Frozen):
    """What runs concurrently, and is retried and cancelled as one."""

    id: Identifier = Field(description=_ID)
    title: Label = Field("", description="Title that is shown; the id if absent.")
    needs: Names = Field(
        (),
        description="Tasks that must have succeeded before it: ids, of no later phase; `load-*` are all that"
        " `each` made of the id `load-${each}`.",
    )
    when: Wanted = Field(
        (),
        description="Whether it is wanted: `${flag}` or `not ${flag}`; of several all must be true. If it is"
        " not, it does nothing once what it needs is there, and counts as done.",
    )
    each: Annotated[Any, WithJsonSchema({"type": "array"})] = Field(
        None, description="A list: a task is made for each item, which is `${each}` in it."
    )
    timeout: Timeout | None = Field(None, description="An attempt of all its steps fails if it takes longer.")
    retry: Retry | None = Field(None, description="When it is attempted again by itself; never if absent.")
    host: Identifier | None = Field(None, description="Where it runs: a name of `hosts`, or `local`.")
    cluster: str | None = Field(
        None,
        repr=False,
        description="The cluster that its steps are for, of `clusters`; the first if absent.",
    )
    steps: Annotated[tuple[Step, ...], Field(min_length=1)] = Field(description="What it does, in order.")

    @property
    def name(self) -> str:
        """The title, else the id; and whether it is not wanted."""
        return f"{self.title or self.id}{'' if all(self.when) else ' (not wanted)'}"

    @property
    def wanted_steps(self) -> tuple[Step, ...]:
        """The steps that are carried out."""
        return tuple(step for step in self.steps if step.is_wanted)


class Phase(Frozen):
    """Tasks shown together; in `parallel` mode also a barrier."""

    id: Identifier = Field(description=_ID)
    title: Label = Field("", description="Title that is shown; the id if absent.")
    barrier: Literal["meant"] | None = Field(
        None,
        description="`meant`: its tasks, and those of later phases, need all tasks before it, in every mode;"
        " else phases are barriers in `parallel` mode alone.",
    )
    tasks: Annotated[tuple[Task, ...], Field(min_length=1)] = Field(description="Its tasks.")

    @property
    def name(self) -> str:
        """The title, else the id."""
        return self.title or self.id


class Cluster(Frozen):
    """The Kubernetes cluster that the plan's steps speak to: one that they make, or one that stands."""

    context: str = Field(
        "",
        description="A cluster that stands, by its context in the user's kubeconfig (`KUBECONFIG`), in place"
        " of one that is made; `name` and `kubeconfig` are not needed then.",
    )
    name: str = Field(
        "", pattern=CLUSTER_NAME, validate_default=True, description="Name of the cluster that is made."
    )
    provider: ProviderName = Field(
        "kind",
        description="What makes the cluster. What is for k3d was written after its documentation, not yet run"
        " against it.",
    )
    kubeconfig: PlanPath = Field(
        Path(),
        validate_default=True,
        description="Kubeconfig file through which the cluster that is made is reached.",
    )
    registry: Registry | None = Field(
        None,
        description="Where `image.deliver` pushes images, and where the cluster pulls them from, in place of"
        " loading them into nodes. `{port: 5001}` makes one beside a cluster that is made. For one that"
        " stands, the registry that it tells of itself if absent.",
    )
    namespaces: Namespaces | None = Field(
        None, description="What isolates several users of the cluster: each has namespaces of his own."
    )
    owner: str = Field(
        "",
        pattern=OWNER,
        description="In a cluster that stands: what the label `bringup/owner` says on all that is made there."
        " `bringup down` deletes what carries it. By default made of the plan's name, its user and the"
        " prefix of `namespaces`.",
    )

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["name", "kubeconfig"]}, {"required": ["context"]}]}
    )

    @field_validator("name", "kubeconfig", mode="wrap")
    @classmethod
    def _of_one_that_is_made(
        cls, value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> Any:
        """Require it of a cluster that is made; the name of one that stands is its context's."""
        if context := info.data.get("context"):
            return context if info.field_name == "name" else Path()
        if value is cls.model_fields[info.field_name or ""].default:
            raise PydanticKnownError("missing")
        return handler(value)

    @field_validator("provider")
    @classmethod
    def _takes_the_name(cls, provider: str, info: ValidationInfo) -> str:
        """Refuse a name that is too long for the provider, whose nodes have longer names."""
        name = info.data.get("name", "")
        if provider == "k3d" and not info.data.get("context") and len(name) > LONGEST_OF_K3D:
            cause = (
                f"k3d takes names of at most {LONGEST_OF_K3D} characters, and {shown(name)} has {len(name)}"
            )
            raise ValueError(cause, "give the cluster a shorter `name`")
        return provider

    @property
    def stands(self) -> bool:
        """Whether it is there before the plan, and stays."""
        return bool(self.context)


class Endpoint(Frozen):
    """Something that can be used once the plan is up."""

    name: Label = Field(description="Name that is shown.")
    url: Label = Field(description="Its URL, shown once the plan is up.")


_Port = Annotated[int, Field(ge=1, le=65535)]
_PRIVILEGED = 1024  # below it, plain users cannot open ports


class Forward(Frozen):
    """A port of this machine that leads to a Service of the cluster."""

    service: Label = Field(description="The Service.")
    namespace: Namespace = Field("default", description="Namespace of the Service.")
    port: _Port = Field(description="Port of the Service.")
    local: _Port | None = Field(
        None,
        description="Port of this machine; `port` if absent, or 8000 more where that is below 1024. If it is"
        " taken, any other.",
    )
    name: Label = Field("", description="Name that is shown; the Service's if absent.")
    cluster: str | None = Field(
        None, description="The cluster that has the Service, of `clusters`; the first if absent."
    )

    @model_validator(mode="wrap")
    @classmethod
    def _in_its_cluster(
        cls, data: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo
    ) -> Self:
        with in_cluster(data, info):
            return handler(data)

    @property
    def title(self) -> str:
        """The name, else that of the Service."""
        return self.name or self.service

    @property
    def wanted(self) -> int:
        """The port of this machine, if it is free."""
        return self.local or (self.port if self.port >= _PRIVILEGED else self.port + 8000)


class Include(Frozen):
    """A plan that becomes part of this one."""

    plan: str = Field(description="Its file, relative to the file that includes it.")
    as_: str = Field(
        alias="as",
        pattern=NAME,
        description="What goes before the names of its tasks and variables: with `ds`, `ds.postgresql`.",
    )
    with_: dict[str, Any] = Field(
        default_factory=dict,
        alias="with",
        description="Values of its variables; those that it has without a value must be here.",
    )
    when: Wanted = Field(
        (),
        description="Whether its tasks are wanted: `${flag}` or `not ${flag}`; of several all must be true.",
    )
    cluster: str | None = Field(
        None,
        description="The cluster that what it says of none is for, of `clusters`; the first if absent.",
    )


class Plan(Frozen):
    """What is to be brought up."""

    api_version: Literal["bringup/v1"] = Field(
        alias="apiVersion", description="Version of the form that the plan is written in."
    )
    name: Identifier = Field(description="Name that the plan's runs are kept under. " + _ID)
    title: Label = Field("", description="Title that is shown; the name if absent.")
    variables: dict[str, Any] = Field(
        default_factory=dict, description="Values for `${…}`, changed with --set and --values."
    )
    secrets: Names = Field((), description="Variables whose values are never shown, as dotted paths.")
    limit: PositiveInt | None = Field(None, description="Most tasks that run at once; none if absent.")
    hosts: dict[Identifier, HostAddress] = Field(
        default_factory=dict,
        description="Machines that tasks may run on, as ssh://[USER@]HOST[:PORT]; `default` is for tasks that"
        " name none.",
    )
    include: tuple[Include, ...] = Field((), description="Plans that become part of this one.")
    cluster_: Cluster | None = Field(
        None, alias="cluster", description="The cluster that the steps create or use."
    )
    clusters_: dict[Identifier, Cluster] = Field(
        default_factory=dict,
        alias="clusters",
        description="Several clusters in place of one, by names of the plan's own, which `cluster` of tasks,"
        " steps, forwards and included plans says; the first is meant where nothing is said.",
    )
    environment: dict[VariableName, Setting] = Field(
        default_factory=dict,
        description="Environment variables, beside KUBECONFIG, of all commands of the plan, of `bringup run`"
        " and of `bringup env`.",
    )
    endpoints: tuple[Endpoint, ...] = Field((), description="Endpoints that are shown once the plan is up.")
    forwards: tuple[Forward, ...] = Field(
        (),
        description="Ports of this machine that lead to Services, held by the dashboard, by `bringup run` and"
        " by `bringup tunnel`.",
    )
    phases: Annotated[tuple[Phase, ...], Field(min_length=1)] = Field(
        description="Groups of tasks, in order."
    )
    failed: tuple[Step, ...] = Field(
        (),
        description="Steps that follow when a task has failed and no other runs, such as `cluster.logs`; what"
        " fails of them is a warning.",
    )
    down: tuple[Step, ...] = Field((), description="Steps that take the environment away again.")

    folder: Path = Field(Path(), exclude=True, description="Where the plan's file is.")

    @cached_property
    def secret_values(self) -> tuple[str, ...]:
        """The values that are never shown: those of `secrets`, and those that `tui.secrets` finds."""
        return secret_values(self.model_dump(by_alias=True, warnings=False))

    @property
    def clusters(self) -> dict[str, Cluster]:
        """The clusters by the names that steps have for them; that of `cluster` is called by an empty one."""
        return self.clusters_ or ({"": self.cluster_} if self.cluster_ else {})

    def with_clusters(self, clusters: Mapping[str, Cluster]) -> Plan:
        """Return it with other clusters of the same names."""
        update: dict[str, Any] = {"cluster_": clusters.get("")}
        if self.clusters_:
            update = {"clusters_": dict(clusters)}
        return self.model_copy(update=update)

    def cluster_of(self, part: StepBase | Forward) -> Cluster | None:
        """Return the cluster that a step or a forward is for; None if the plan has none."""
        return self.clusters.get(part.cluster or "")

    def namespaces_of(self, step: StepBase) -> Namespaces | None:
        """Return how the namespaces of a step's cluster are named; None if as they are written."""
        cluster = self.cluster_of(step)
        return cluster.namespaces if cluster else None

    @property
    def namespaces(self) -> dict[str, Namespaces]:
        """How namespaces are named in clusters, by the clusters' names; where not as they are written."""
        return {name: each.namespaces for name, each in self.clusters.items() if each.namespaces}

    @property
    def cluster_names(self) -> str:
        """What its clusters are called themselves, as its runs keep it; empty if it has none."""
        return ", ".join(sorted(each.name for each in self.clusters.values()))

    @property
    def can_go_down(self) -> bool:
        """Whether it can be taken down: it says how, or a cluster stands, where that is known."""
        return bool(self.down) or any(each.stands for each in self.clusters.values())

    @property
    def tasks(self) -> tuple[Task, ...]:
        """All tasks, in plan order."""
        return tuple(task for phase in self.phases for task in phase.tasks)

    @cached_property
    def outputs(self) -> Outputs:
        """The outputs of its steps."""
        return Outputs(self)

    def variables_of(
        self, step: StepBase, each: Any = None, outputs: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Return the variables that a step's files are filled in from.

        Args:
            step: The step.
            each: The item of its task's `each`; None if it has none.
            outputs: The values of outputs; their names if absent.
        """
        known: dict[str, Any] = self.variables
        if (scope := step.scope) is not None and scope.name:
            known = find(known, scope.name)
        given = {name: f"output.{name}" for name in self.outputs.makers} if outputs is None else outputs
        more = self.outputs.tree(step, given)
        return known | more | ({} if each is None else {"each": each}) if more or each is not None else known

    def folder_of(self, step: StepBase) -> Path:
        """Return the directory of the file that a step is written in."""
        scope = step.scope
        return self.folder if scope is None else scope.folder

    def needs(self) -> dict[str, tuple[str, ...]]:
        """Return what each task needs, by its id: what it says, and what a barrier that is meant adds."""
        found: dict[str, tuple[str, ...]] = {}
        before: tuple[str, ...] = ()
        for phase in self.phases:
            if phase.barrier:
                needed = {need for needs in found.values() for need in needs}
                before = tuple(id_ for id_ in found if id_ not in needed)  # they need the others
            for task in phase.tasks:
                needs = () if task.id == ON_FAILURE else (*task.needs, *before)
                found[task.id] = tuple(dict.fromkeys(needs))
        return found
