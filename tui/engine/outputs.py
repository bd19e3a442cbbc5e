"""The outputs of a run: what its commands have printed for later steps."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from tui.errors import ActionError
from tui.plan.document import Document
from tui.plan.messages import explain
from tui.plan.outputs import output_of
from tui.plan.own_namespaces import NAMESPACES
from tui.plan.schema import closed_schema
from tui.plan.steps.command import ProgramStep
from tui.run import events as e

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.plan.model import Plan, Task
    from tui.plan.steps import Step
    from tui.secrets import Masker


class RunOutputs:
    """The outputs of a run, by their names in the whole plan.

    Attributes:
        steps: All wanted steps with their tasks, and with outputs as far as they are known.
    """

    def __init__(self, plan: Plan, known: Mapping[str, str], *, assume: bool) -> None:
        """Prepare them.

        Args:
            plan: The plan.
            known: Outputs that another run made.
            assume: Whether those that are not known are assumed: a rehearsal runs no commands.
        """
        self.steps = [(task.id, step) for task in plan.tasks for step in task.wanted_steps]
        self._plan = plan
        self._known = dict(known)
        self._assume = assume
        self._filling = asyncio.Lock()
        self._is_behind = bool(known)  # whether `steps` lacks something that is known

    async def fill(self, step: Step) -> Step:
        """Return a step with outputs filled in, by a thread: paths in it are looked at.

        Raises:
            ActionError: One is not known, or is not allowed where it is used.
        """
        if not self._plan.outputs.makers or self._assume:
            return step
        async with self._filling:  # whoever comes meanwhile waits for what is being filled in
            if self._is_behind:
                self._is_behind = False
                self.steps = await asyncio.to_thread(self._fill_known)
        return await asyncio.to_thread(self._fill, step) if step.templates else step

    def _fill(self, step: Step) -> Step:
        if not step.templates:
            return step
        names = self._plan.outputs.names(step)
        written = step.with_outputs(lambda name: self._value(names[name]))
        try:
            context = {"folder": written.scope.folder, NAMESPACES: self._plan.namespaces}
            return type(step).model_validate(written, context=context)
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

    def _fill_known(self) -> list[tuple[str, Step]]:
        found: list[tuple[str, Step]] = []
        for task in self._plan.tasks:
            for step in task.wanted_steps:
                filled = step
                with contextlib.suppress(ActionError):
                    filled = self._fill(step)
                found.append((task.id, filled))
        return found

    def take(self, step: Step, value: str, at: float, masker: Masker) -> e.OutputMade:
        """Keep what a step has printed; return the event that tells of it, without what is secret."""
        assert isinstance(step, ProgramStep)
        name = output_of(step)
        self._known[name] = value
        self._is_behind = True
        for secret in step.secrets_of(value):
            masker.add(secret)
        return e.OutputMade(at, name, value if not step.secret and masker.mask(value) == value else None)
