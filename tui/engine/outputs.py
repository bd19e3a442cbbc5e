"""The outputs of a run: what its commands have printed for later steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from tui.errors import ActionError
from tui.plan.document import Document
from tui.plan.messages import explain
from tui.plan.outputs import output_of
from tui.plan.schema import closed_schema
from tui.plan.steps import Command
from tui.run import events as e

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.plan.model import Plan, Task
    from tui.plan.steps import Step
    from tui.secrets import Masker


class RunOutputs:
    """The outputs of a run, by their names in the whole plan.

    Args:
        plan: The plan.
        known: Outputs that another run made.
        assume: Whether those that are not known are assumed: a rehearsal runs no commands.
    """

    def __init__(self, plan: Plan, known: Mapping[str, str], *, assume: bool) -> None:
        self._plan = plan
        self._known = dict(known)
        self._assume = assume

    def fill(self, step: Step) -> Step:
        """Return a step with outputs filled in.

        Raises:
            ActionError: One is not known, or is not allowed where it is used.
        """
        if self._assume or not self._plan.outputs.makers or not step.templates:
            return step
        names = self._plan.outputs.names(step)
        written = step.with_outputs(lambda name: self._value(names[name]))
        try:
            return type(step).model_validate(written, context={"folder": written.scope.folder})
        except ValidationError as error:
            _, fault = next(explain(error, written, Document(""), closed_schema()))
            used = dict.fromkeys(f"${{output.{name}}}" for _, text in step.templates for name in text.names)
            hint = f"it is made of {', '.join(used)}"
            raise ActionError(fault.cause, f"{hint}; {fault.hint}" if fault.hint else hint) from error

    def _value(self, name: str) -> str:
        if name not in self._known:
            maker, _ = self._plan.outputs.makers[name]
            hint = f"run task {maker.id!r} too, which makes it"
            raise ActionError(f"the output {name!r} is not known", hint)
        return self._known[name]

    def variables(self, step: Step, task: Task) -> dict[str, Any]:
        """Return the variables that a step's files are filled in from."""
        return self._plan.variables_of(step, task.each, None if self._assume else self._known)

    def name_of(self, text: str) -> str:
        """Return a text with names of outputs in place of their values, as the plan has it."""
        for name, value in self._known.items():
            text = text.replace(value, f"output.{name}")
        return text

    def take(self, step: Step, value: str, at: float, masker: Masker) -> e.OutputMade:
        """Keep what a step has printed; return the event that tells of it, without what is secret."""
        assert isinstance(step, Command)
        name = output_of(step)
        self._known[name] = value
        for secret in step.secrets_of(value):
            masker.add(secret)
        return e.OutputMade(at, name, value if not step.secret and masker.mask(value) == value else None)
