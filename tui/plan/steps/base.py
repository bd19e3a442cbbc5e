"""What every kind of step has: its fields, and the facts that the rest of the program asks it for.

What is the same for all steps of a kind is a class variable; what depends on the step is a property.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from tui.plan.faults import shown
from tui.plan.outputs import Template, filled_in, templates
from tui.plan.own_namespaces import in_cluster
from tui.plan.scope import Scope, WrittenStep
from tui.plan.values import MAY_BE_MISSING, Frozen, Label, OneOrMore, Timeout
from tui.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

Names = Annotated[tuple[str, ...], OneOrMore()]
Prefetch = Literal["never", "at once", "nodes"]
"""When a step may run ahead of its task's place; see `tui.plan.prefetch`."""


_NAMES = ("${{output.{}}}", "output.{}", "deployment/output.{}", "http://output.{}")
"""What stands for an output until it is known: the first that is allowed where it is used."""


def _with_names(data: WrittenStep, handler: Callable[[Any], Any], context: dict[str, Any]) -> Any:
    """Return a step with names in place of outputs."""
    errors: list[ValidationError] = []
    for form in _NAMES:
        try:
            return handler(filled_in(data, form.format))
        except ValidationError as error:
            errors.append(error)
    with contextlib.suppress(ValidationError):
        context[MAY_BE_MISSING] = True  # it is the path of a file that is made meanwhile
        return handler(filled_in(data, _NAMES[1].format))
    raise errors[1]


_OF_YAML_1_1 = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


def _flag(value: object) -> object:
    if not isinstance(value, str):
        return value
    word = value.strip().lower()
    if word.startswith("not "):
        return not _flag(word.removeprefix("not "))
    if word not in {"true", "false"}:
        meant = _OF_YAML_1_1.get(word)
        hint = f"write {meant}: {word} is text in today's YAML" if meant else "write ${flag} or not ${flag}"
        raise ValueError(f"{shown(value)} is neither true nor false", hint)
    return word == "true"


Wanted = Annotated[tuple[Annotated[bool, Field(strict=True), BeforeValidator(_flag)], ...], OneOrMore()]
"""Flags, each `true`, `false` or `not` one of these, that must all be true."""


class StepBase(Frozen):
    """A step of a task.

    Attributes:
        action: The action that performs it, as `module:function`; imported when it is first needed.
        needs_provider: Whether that host must have the program that makes the plan's cluster.
        needs_engine: Whether that host must have a container engine.
        needs_cluster: Whether it uses its cluster of the plan's.
        makes_cluster: Whether it creates that cluster.
        ends_cluster: Whether it deletes or stops it.
        on_cluster_host: Whether it runs on the cluster's host, whichever host its task is on.
        prefetch: When it may run ahead of its task's place: `at once`, as it needs nothing of the cluster, or
            when the cluster's nodes run.
        makes_unseen: Whether it may make anything that other steps use: files, images, logins.
        default_timeout: Seconds after which it gives up waiting where neither it nor its task has a timeout.
        example: A step of the kind, as an item of YAML for its reference.
    """

    action: ClassVar[str] = ""
    needs_provider: ClassVar[bool] = False
    needs_engine: ClassVar[bool] = False
    needs_cluster: ClassVar[bool] = False
    makes_cluster: ClassVar[bool] = False
    ends_cluster: ClassVar[bool] = False
    on_cluster_host: ClassVar[bool] = False
    prefetch: ClassVar[Prefetch] = "never"
    makes_unseen: ClassVar[bool] = False
    default_timeout: ClassVar[float | None] = None
    example: ClassVar[str] = ""

    title: Label = Field(
        "", description="What the step does, shown while it runs; made of its kind and subject if absent."
    )
    when: Wanted = Field(
        (), description="Whether it is wanted: `${flag}` or `not ${flag}`; of several all must be true."
    )
    timeout: Timeout | None = Field(
        None, description="The step fails if it takes longer: a number of seconds, or 90s, 5m, 1h30m."
    )
    cluster: str | None = Field(
        None, repr=False, description="The cluster that it is for, of `clusters`; its task's if absent."
    )

    _written: WrittenStep | None = PrivateAttr(None)

    @model_validator(mode="wrap")
    @classmethod
    def _as_written(cls, data: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        """Take paths as they are meant where a step is written, and outputs by their names."""
        with in_cluster(data, info):
            return cls._placed(data, handler, info) if isinstance(data, WrittenStep) else handler(data)

    @classmethod
    def _placed(
        cls, data: WrittenStep, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo
    ) -> Self:
        context: dict[str, Any] = info.context or {}
        usual = dict(context)
        context["folder"] = data.scope.folder
        try:
            step = _with_names(data, handler, context) if templates(data) else handler(data)
        finally:
            context.clear()
            context |= usual
        step._written = data
        return step

    @property
    def scope(self) -> Scope | None:
        """Where it is written, if that is in an included plan, or with references to outputs."""
        # Each step of a run is asked twice, and pydantic's own way to the attribute is twenty times as long.
        written: WrittenStep | None = (self.__pydantic_private__ or {}).get("_written")
        return None if written is None else written.scope

    @property
    def templates(self) -> list[tuple[tuple[str | int, ...], Template]]:
        """The texts of it that refer to outputs, with their paths."""
        return templates(self._written) if self._written else []

    def with_outputs(self, look_up: Callable[[str], str]) -> WrittenStep:
        """Return it as it is written, with outputs filled in.

        Args:
            look_up: Returns an output's value by its name as it is written.
        """
        assert self._written is not None
        return WrittenStep(filled_in(self._written, look_up), self._written.scope)

    @property
    def is_wanted(self) -> bool:
        """Whether it is carried out: all of `when` is true."""
        return all(self.when)

    def describe(self) -> str:
        """Return the step's title, or one made of its kind and its subject, on one line."""
        return self.title or one_line(f"{getattr(self, 'kind', '')} {self._subject()}").strip()

    def __repr_name__(self) -> str:
        """Return the name of its kind, which checksums of tasks that runs keep are made of."""
        return str(getattr(self, "kind", "")).title().replace(".", "").replace("_", "")

    def _subject(self) -> str:
        """Return what the step is about, in a word or two."""
        return ""

    @property
    def images_made(self) -> tuple[str, ...]:
        """The images that it builds or pulls into the container engine."""
        return ()

    @property
    def images_used(self) -> tuple[str, ...]:
        """The images that it takes from the container engine."""
        return ()

    @property
    def namespaces_made(self) -> frozenset[str] | None:
        """The namespaces that its fields say it makes; None if it may make any."""
        return frozenset()

    @property
    def namespaces_used(self) -> frozenset[str]:
        """The namespaces that its fields say must exist before it."""
        return frozenset()
