"""Building the manifests of a directory that is written for kustomize."""

from __future__ import annotations

import asyncio
import re
import shutil
from typing import TYPE_CHECKING

from tui.actions.standard_output import printed_by
from tui.errors import ActionError
from tui.plan.recognition import hint_for

if TYPE_CHECKING:
    from pathlib import Path

    from tui.actions.context import Context

_PROGRAMS = (("kustomize", "build"), ("kubectl", "kustomize"))
_KEPT = 15  # lines shown with an error
_ERROR = re.compile("error: ", re.IGNORECASE)
_QUOTED = re.compile("`[^`]*`: ?", re.DOTALL)
"""What an error quotes of a configuration that kustomize has made of the user's own, in lines of its own."""


def _program() -> tuple[str, str] | None:
    return next((argv for argv in _PROGRAMS if shutil.which(argv[0])), None)


async def build(directory: Path, ctx: Context) -> bytes:
    """Return the manifests of a directory, built by `kustomize`, or else by `kubectl`, on this machine.

    Raises:
        ActionError: Neither is installed, it refuses, or was not done at the deadline.
    """
    argv = await asyncio.to_thread(_program)
    if argv is None:
        cause = f"neither kustomize nor kubectl is there to build {directory}"
        raise ActionError(cause, "install one of them")
    with ctx.span("build", directory.name):
        printed = await printed_by((*argv, str(directory)), ctx)
    lines = printed.errors
    ctx.log(lines)
    if printed.status:
        begin = next((at for at, line in enumerate(lines) if _ERROR.match(line)), len(lines))
        why = (
            _QUOTED.sub("", _ERROR.sub("", " ".join(lines[begin:]))) or f"exited with status {printed.status}"
        )
        hint = hint_for(why, "kustomize") or "correct its kustomization, or the file that is named"
        told = lines if len(lines) - begin > 1 else lines[:begin]
        raise ActionError(f"{directory} cannot be built by {argv[0]}: {why}", hint, tuple(told[-_KEPT:]))
    return printed.output
