"""Why a build did not find what it is to copy: what the engines ask of the user can be looked up."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from tui.actions.image.dockerfile import instructions
from tui.plan.failures import KNOWN

if TYPE_CHECKING:
    from pathlib import Path

    from tui.actions.image.build_context import BuildContext
    from tui.errors import ActionError

_COPIED = re.compile(r"\b(?:COPY|ADD) (?P<rest>.+?)(?:: |$)")
_FROM = re.compile(r"\bfrom=([a-z][\w-]*)(?=[\s,]|$)")
_NO_IMAGE = re.compile(
    r"(?:docker\.io/library/|invalid from flag value )([a-z][\w-]*):(?:latest:)? .*(?:denied|not found)"
)
_UNKNOWN = re.compile(r"[$*?\[]")  # in a source that only the builder can resolve


def hint_for_missing(error: ActionError, context: BuildContext) -> str:
    """Return what helps against a failed build, once the context was looked at; blocks.

    Returns:
        The error's own hint, unless a stage is named that is none, or it asks about a file that was not found
        and the answer is known.
    """
    if stage := _unknown_stage(error.cause, context.content):
        return (
            f"no stage above is called {stage}, and there is no such image: correct `--from`; of directories"
            " only the context can be copied from"
        )
    found = _COPIED.search(error.cause)
    if found is None or error.hint != KNOWN["build-file"].hint:
        return error.hint
    flags, sources = _parts(found["rest"])
    if any(flag.startswith("--from=") for flag in flags):
        return "the stage, image or context that `--from` names has no such file: correct the path"
    hints = (_why(source, context) for source in sources if not _UNKNOWN.search(source))
    return next(filter(None, hints), error.hint)


def _unknown_stage(cause: str, dockerfile: bytes) -> str:
    """Return the name that was taken for an image's though it was meant for a stage's; empty if none was."""
    found = _NO_IMAGE.search(cause)
    named = {name for each in instructions(dockerfile) for name in _FROM.findall(each.rest)}
    return found[1] if found and found[1] in named else ""


def _parts(rest: str) -> tuple[list[str], list[str]]:
    """Return the flags and the sources of an instruction that copies."""
    words = rest.split()
    flags = [word for word in words if word.startswith("--")]
    with suppress(ValueError):  # it is not in JSON's form
        words = [str(word) for word in json.loads(rest[rest.index("[") :])]
    return flags, [word for word in words if word not in flags][:-1]


def _why(source: str, context: BuildContext) -> str:
    """Return why a file or directory is not there for the build; empty if it is."""
    if "://" in source:
        return "the URL could not be fetched: check network, DNS and proxy, or put the file into the context"
    root = context.directory.resolve()
    name = "/".join(part for part in source.split("/") if part not in ("", "."))
    if (real := _resolved(root / name)) is None:
        return f"there is no {name} in {context.directory}: correct the path, or the step's `context`"
    if not real.is_relative_to(root):
        return f"{name} leads out of the context, to {real}: put a copy there, or name a wider `context`"
    if context.rules.ignores(name) or context.rules.ignores(real.relative_to(root).as_posix()):
        return f"the context's ignore file leaves {name} out: add a line `!{name}` to it"
    return ""


def _resolved(path: Path) -> Path | None:
    try:
        return path.resolve(strict=True)
    except (OSError, RuntimeError):  # it is not there, or a loop
        return None
