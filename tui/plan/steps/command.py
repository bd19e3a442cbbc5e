"""Steps that run a program."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from tui.plan.faults import shown
from tui.plan.scope import NAME
from tui.plan.steps.base import StepBase
from tui.plan.values import ExistingDirectory, ExistingPath, OneOrMore
from tui.secrets import secrets_in


def _environment_name(name: str) -> str:
    if not name or "=" in name:
        raise ValueError(f"{shown(name)} cannot be an environment variable's name", "write NAME: value")
    return name


def _variable_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
        cause = f"{shown(name)} cannot be the name of a shell's variable"
        raise ValueError(cause, "letters, digits and _ can, such as API_URL")
    return name


def as_setting(value: object) -> object:
    """Return a value of an environment variable, truth as text."""
    return str(value).lower() if isinstance(value, bool) else value


EnvironmentName = Annotated[str, AfterValidator(_environment_name)]
VariableName = Annotated[str, AfterValidator(_variable_name)]
"""The name of an environment variable that every shell takes."""
Setting = Annotated[str, BeforeValidator(as_setting)]
"""The value of an environment variable; truth is `true` or `false`."""

_SAYS_LITTLE = re.compile(r"\s*(?:$|#|set [-+])")  # of a script's lines


class ProgramStep(StepBase):
    """What steps have that run a program on the host, or a line of shell."""

    makes_unseen = True

    argv: tuple[str, ...] = Field((), description="The program and its arguments, as a list.")
    shell: str = Field("", description="A line for `sh -c`, in place of argv.")
    unless: str = Field("", description="A line of shell; where it succeeds, there is nothing to do.")
    output: Annotated[str, Field(pattern=NAME)] | None = Field(
        None,
        description="Name of what it prints to standard output: `${output.NAME}` in later steps of its task,"
        " and in tasks that need that.",
    )
    secret: bool = Field(
        False, description="Whether its output is never shown nor kept; so it is with a name such as `token`."
    )
    env: dict[EnvironmentName, Setting] = Field(
        default_factory=dict,
        description="Environment variables, added to those of bringup and to the plan's `environment`. "
        "KUBECONFIG leads to the plan's cluster unless it is set here; BRINGUP_STEP is `RUN/TASK/STEP`.",
    )
    folder: ExistingDirectory | None = Field(
        None, description="Directory that it runs in; the plan's own if absent."
    )
    files: Annotated[tuple[ExistingPath, ...], OneOrMore()] = Field(
        (), description="Files and directories that it needs: over SSH they, and `folder`, are copied there."
    )

    @model_validator(mode="after")
    def _one_form(self) -> ProgramStep:
        if bool(self.argv) == bool(self.shell):
            raise ValueError("a command wants either argv or shell", "shell: a line; argv: a list of words")
        if self.output and self.unless:
            raise ValueError("a command with an output always runs", "remove `unless`, or `output`")
        if self.secret and not self.output:
            raise ValueError("only an output can be secret", "add `output: NAME`, or remove `secret`")
        return self

    def secrets_of(self, output: str) -> list[str]:
        """Return what is secret of its output."""
        return [output] if self.secret else list(secrets_in(output, self.output or ""))

    def _subject(self) -> str:
        lines = [line for line in self.shell.splitlines() if not _SAYS_LITTLE.match(line)]
        return (lines[0].strip() + " …" * (len(lines) > 1)) if lines else " ".join(self.argv)

    @property
    def namespaces_made(self) -> frozenset[str] | None:
        """None, as the program may be helm, kubectl, or a script that runs them."""
        return None


class Command(ProgramStep):
    """Run a program on the host, or a line of shell."""

    action = "tui.actions.command:run"
    example = "- {kind: command, argv: [make, seed], unless: test -e seeded, files: Makefile}"

    kind: Literal["command"]
