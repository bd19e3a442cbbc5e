"""Builds that install dependencies again because all files were copied before."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tui.insight.advice.finding import CopyLater, Finding
from tui.text import one_line, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tui.insight.advice.finding import Changed
    from tui.insight.whole_run import WholeRun
    from tui.run.attempt_state import AttemptState, SpanState, StepState
    from tui.run.state import RunState

_ALL = re.compile(r"(?:COPY|ADD)\s+(?:--(?:chown|chmod|link)\S*\s+)*(?:\./?|\*)\s+\S+\s*$", re.IGNORECASE)
"""An instruction that copies the whole context."""

_INSTALLS: Sequence[tuple[re.Pattern[str], tuple[str, ...]]] = (
    (re.compile(r"\bnpm\s+(?:ci|install|i)\b(?!\s+[^-\s&|;])"), ("package.json", "package-lock.json")),
    (re.compile(r"\byarn(?:\s+install)?\s*(?:$|-|&&)"), ("package.json", "yarn.lock")),
    (re.compile(r"\bpnpm\s+(?:install|i)\b"), ("package.json", "pnpm-lock.yaml")),
    (re.compile(r"\bpip3?\s+install\b.*-r\s*requirements\.txt"), ("requirements.txt",)),
    (re.compile(r"\bgo\s+mod\s+download\b"), ("go.mod", "go.sum")),
    (re.compile(r"\bbundle\s+install\b"), ("Gemfile", "Gemfile.lock")),
    (re.compile(r"\bcomposer\s+install\b"), ("composer.json", "composer.lock")),
    (re.compile(r"\bcargo\s+fetch\b"), ("Cargo.toml", "Cargo.lock")),
)
_CACHED = 0.5  # seconds within which an instruction did nothing


def find(state: RunState) -> Iterator[Finding]:
    """Yield the builds that installed again what had not changed."""
    for task in state.tasks.values():
        attempt = task.attempt
        for step in attempt.steps if attempt and attempt.outcome == "succeeded" else ():
            assert attempt is not None
            if found := _missed(attempt, step):
                copy, install, files = found
                title = one_line(install.subject)
                yield Finding(
                    "build-cache",
                    f"copy what `{title}` needs first, and the rest after it",
                    task=task.id,
                    why=f"`{one_line(copy.subject)}` comes before it, so that any file that changes has it"
                    f" done again: {seconds(install.seconds)} in `{one_line(step.title)}`",
                    caveat="it saves that where other files change than those that name the dependencies",
                    how=f"copy {', '.join(files)} ahead of `{title}`, and everything else after it",
                    change=CopyLater(task.id, step.step, install.subject, files),
                    changed=_without(task.id, step.step),
                )


def _missed(attempt: AttemptState, step: StepState) -> tuple[SpanState, SpanState, tuple[str, ...]] | None:
    """Return the instructions that copy and install, and its files, if all before was in the cache."""
    copy: SpanState | None = None
    spans = [s for s in attempt.spans if s.step == step.step and s.finished is not None]
    for span in spans if step.changed else ():
        if span.subject.upper().startswith("FROM "):
            copy = None
        elif _ALL.match(span.subject):
            copy = copy or span
        elif copy is None and span.subject.upper().startswith("RUN ") and span.seconds > _CACHED:
            return None  # the cache was cold: it would have been done anyway
        elif copy is not None and span.seconds > _CACHED:
            for pattern, files in _INSTALLS:
                if pattern.search(span.subject):
                    return copy, span, files
    return None


def _without(task: str, number: int) -> Changed:
    def changed(run: WholeRun, state: RunState) -> WholeRun | None:
        attempt = state.tasks[task].attempt if task in state.tasks else None
        step = next((each for each in attempt.steps if each.step == number), None) if attempt else None
        if attempt is None or step is None or step.finished is None:
            return None
        found, took = _missed(attempt, step), step.finished - step.started
        if found is None or not took:
            return None
        return run.scaled({(task, number): max(took - found[1].seconds, 0.0) / took})

    return changed
