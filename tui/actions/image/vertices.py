"""Turns what `docker buildx build --progress=rawjson` prints into log lines, spans and progress.

BuildKit calls what a build is made of its vertices: an instruction each, and what it does beside them.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tui.actions.image.dockerfile import instructions
from tui.errors import ActionError
from tui.hosts.lines import LONGEST, LineSplitter
from tui.plan.failures import KNOWN
from tui.plan.recognition import hint_for
from tui.text import ESCAPE, cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tui.actions.image.dockerfile import Instruction
    from tui.reporter import Reporter, Span

_NAME = re.compile(r"\[(?P<label>[^]]+)\] (?P<what>.*)", re.DOTALL)
_PLACE = re.compile(r"(?:\w+/\S+ )?(?:(?P<stage>\S+) )?(?P<number>\d+)/(?P<count>\d+)")
_STATUS = re.compile(r"exit code: (\d+)")
_PARSE = re.compile(r"dockerfile parse error (?:on )?line (?P<line>\d+): (?P<why>.*)")
_WRAPPING = re.compile(
    r"(?:failed to (?:build|solve|solve with frontend \S+|create LLB definition)"
    r"|rpc error: code = \w+ desc =|ERROR)(?::\s*|\s+)"
)
_COPYING = ("COPY", "ADD", "RUN --mount")  # the instructions that take files of the context
_LAYERED = {"ADD", "COPY", "RUN", "WORKDIR"}  # the instructions that a stage's numbers count besides FROM
_CORRECT = "correct the instruction, then run the task again"
_KEPT = 20  # lines shown with an error
_SHOWN = 200  # characters of an instruction


@dataclass(slots=True)
class _Vertex:
    """A part of a build.

    Attributes:
        label: What BuildKit puts in brackets before it: `[build 2/5]`; empty without.
        what: The instruction, or what else is done.
        lines: The last lines that it printed.
        error: Why it failed.
    """

    label: str
    what: str
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT))
    splitters: dict[int, LineSplitter] = field(default_factory=dict)  # by stream
    span: Span | None = None
    done: bool = False
    error: str = ""

    @property
    def is_instruction(self) -> bool:
        return "/" in self.label

    @property
    def title(self) -> str:
        """What it is, in a line of reasonable length."""
        what = cut(self.what, _SHOWN)
        return f"[{self.label}] {what}" if self.label else what

    @property
    def source(self) -> str:
        """Its stage, after the processor of several that it is built for."""
        return " ".join(word.rpartition("/")[2] for word in self.label.split()[:-1])


class Vertices:
    """Follows a build.

    Args:
        report: Told of lines, spans and progress.
        dockerfile: The Dockerfile's name in errors.
        content: What is in it.

    Attributes:
        lines: The last lines that anything of it printed.
    """

    def __init__(self, report: Reporter, dockerfile: str, content: bytes) -> None:
        self._report = report
        self._dockerfile = dockerfile
        self._content = content
        self._vertices: dict[str, _Vertex] = {}
        self._begun = ""  # of a line that has come in pieces
        self._plain: deque[str] = deque(maxlen=_KEPT)  # what is no JSON: buildx's own words
        self._bytes: dict[str, tuple[int, int]] = {}  # of transfers: how many, and of how many
        self.lines: deque[str] = deque(maxlen=_KEPT)

    def take(self, lines: Sequence[str]) -> None:
        """Process lines of what buildx prints; after the deadline it only tells how it ends."""
        deadline = self._report.deadline
        if deadline is not None and asyncio.get_running_loop().time() >= deadline:
            return
        for line in lines:
            text = self._begun + line
            self._begun = ""
            try:
                message = json.loads(text) if text.startswith("{") else None
            except ValueError:
                if len(line) == LONGEST:  # its next piece follows
                    self._begun = text
                    continue
                message = None
            if isinstance(message, dict):
                self._follow(message)
            elif text.strip():
                self._plain.append(text)
                self._tell([text])

    def _follow(self, message: dict[str, Any]) -> None:
        for each in message.get("vertexes") or ():
            self._update(each)
        for each in message.get("logs") or ():
            vertex, stream = self._vertices.get(each["vertex"]), each.get("stream", 1)
            if vertex is not None:
                splitter = vertex.splitters.setdefault(stream, LineSplitter())
                self._tell(splitter.feed(base64.b64decode(each.get("data") or "")), vertex)
        for each in message.get("statuses") or ():
            if total := int(each.get("total") or 0):
                self._bytes[each["id"]] = (min(int(each.get("current") or 0), total), total)
                done, all_ = (sum(counts) for counts in zip(*self._bytes.values(), strict=True))
                self._report.progress(done, all_, "B", "transfer")
        for each in message.get("warnings") or ():
            places = [f"{self._dockerfile}:{part['start']['line']}: " for part in each.get("range") or ()]
            short = base64.b64decode(each.get("short") or "").decode(errors="replace")
            self._tell([f"warning: {''.join(places[:1])}{short}"])

    def _update(self, told: dict[str, Any]) -> None:
        vertex = self._vertices.get(told["digest"])
        if vertex is None:
            found = _NAME.fullmatch(told["name"])
            label, what = (found["label"], found["what"]) if found else ("", told["name"])
            vertex = self._vertices[told["digest"]] = _Vertex(label, " ".join(what.split()))
        cached, begun, ended = (
            bool(told.get("cached")),
            bool(told.get("started")),
            bool(told.get("completed")),
        )
        if begun and vertex.span is None and (not ended or cached):
            vertex.span = self._span(vertex, cached)
            if vertex.is_instruction:
                self._tell([f"{vertex.title}{': cached' * cached}"])
        vertex.done = ended
        if ended:
            for splitter in vertex.splitters.values():
                self._tell(splitter.close(), vertex)
            if vertex.span is not None:
                vertex.span.close()
            vertex.span = None
        vertex.error = str(told.get("error") or "")
        steps = [each for each in self._vertices.values() if each.is_instruction]
        if steps:
            self._report.progress(sum(each.done for each in steps), len(steps), "steps", vertex.what)

    def _span(self, vertex: _Vertex, cached: bool) -> Span:
        if vertex.is_instruction:
            return self._report.span(f"{'cached' if cached else 'step'} {vertex.label}", vertex.what)
        name, _, subject = vertex.what.partition(" ")
        return self._report.span(name, subject)

    def _tell(self, lines: Iterable[str], vertex: _Vertex | None = None) -> None:
        told = [line for line in (ESCAPE.sub("", each) for each in lines) if line.strip()]
        self.lines.extend(told)
        if vertex is not None:
            vertex.lines.extend(told)
        if told:
            self._report.log(told, vertex.source if vertex else "")

    def state(self) -> str:
        """Return what is still to be done, in words."""
        open_ = [each.title for each in self._vertices.values() if each.span is not None]
        return f"the build was still at {', '.join(open_) or 'its start'}"

    def close(self) -> None:
        """End what is still open."""
        for vertex in self._vertices.values():
            if vertex.span is not None:
                vertex.span.close()

    def failure(self) -> ActionError:
        """Return why the build failed: the instruction with its line, and the last that it printed."""
        failed = next((each for each in self._vertices.values() if _is_cause(each.error)), None)
        plain = next((each for each in reversed(self._plain) if each.startswith("ERROR")), "")
        why = _WRAPPING.sub("", plain or " ".join(list(self._plain)[-1:]) or "buildx does not say why")
        if failed is None:
            found = _PARSE.search(why)
            place = f"{self._dockerfile}:{found['line']}: {found['why']}" if found else ""
            cause = place or f"the build failed: {why}"
            return ActionError(cause, hint_for(plain, "image.build"), tuple(self._plain))
        line = self._line_of(failed)
        where = f"{self._dockerfile}:{line}: " if line else ""
        status = _STATUS.search(failed.error)
        end = f" returned {status[1]}" if status else f": {failed.error}"
        told = "\n".join((failed.what, *failed.lines, failed.error))
        if failed.what.startswith(_COPYING) and '" not found' in failed.error and not status:
            hint = KNOWN["build-file"].hint
        elif failed.what.startswith("RUN"):
            hint = hint_for(told, "build") or _CORRECT
        else:
            hint = hint_for(told, "image.build")
        return ActionError(f"{where}{cut(failed.what, _SHOWN)}{end}", hint, tuple(failed.lines))

    def _line_of(self, vertex: _Vertex) -> int:
        """Return the line on which a vertex's instruction begins; 0 if that is not known.

        Arguments are filled in in its text, so that its place in its stage tells.
        """
        place = _PLACE.fullmatch(vertex.label)
        if place is None:
            return 0
        found = _stage(list(instructions(self._content)), place["stage"] or "")
        after = int(place["count"]) - int(place["number"])
        at = len(found) - 1 - after
        return found[at].line if at >= 0 and vertex.what.startswith(found[at].name) else 0


def _is_cause(error: str) -> bool:
    """Return whether an error is not just that of what was ended as something else failed."""
    return bool(error) and "context canceled" not in error


def _stage(found: Sequence[Instruction], name: str) -> list[Instruction]:
    """Return the FROM of a stage, and its instructions that have a layer."""
    stages: list[list[Instruction]] = []
    for each in found:
        if each.name == "FROM":
            stages.append([each])
        elif stages and each.name in _LAYERED:
            stages[-1].append(each)
    for number, stage in enumerate(stages):
        words = stage[0].rest.split()
        given = words[-1] if len(words) > 2 and words[-2].upper() == "AS" else f"stage-{number}"
        if given.lower() == name.lower() or (not name and len(stages) == 1):
            return stage
    return stages[-1] if stages and not name else []
