"""What is questionable about a plan: the faults that bring-ups are known to have."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Literal, NamedTuple

from tui.plan.graph import Graph
from tui.plan.namespaces import GIVEN, made_by, used_by
from tui.plan.steps import Command, HttpCheck, ImageBuild, KubernetesProbe, KubernetesWait

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tui.plan.faults import Place
    from tui.plan.graph import Node
    from tui.plan.load import LoadedPlan
    from tui.plan.model import Task
    from tui.plan.steps import Step

Level = Literal["fault", "advice"]

_QUOTED = re.compile(r"""'[^']*'|"(?:\\.|[^"\\])*"|\\.""", re.DOTALL)
_COMMENT = re.compile(r"(?m)(^|\s)#.*$")
_SWALLOWED = re.compile(r"\|\|\s*(true|:|echo|exit 0|return 0)(?![\w-])|;\s*true\s*$|\bset \+e\b")
_LOOP = re.compile(r"\b(while|until|for)\b")
_SLEEP = re.compile(r"(^|[;&|(\s])sleep\s+\S")
_BACKGROUND = re.compile(r"(?<![&|<>])&(?![&>])|\bnohup\b")
_WRITES = re.compile(r"(?:(?<![<\-=])[12&]?>>?|\btee(?:\s+-a)?)\s*(?P<file>[^\s;|&<>()]+)")
_SHELLS = {"sh", "bash", "zsh", "dash"}
_LEAST_SECONDS = 0.05
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Remark:
    """Something questionable.

    Attributes:
        place: Where it is written.
        rule: The rule's name.
        level: `fault`: it will bite. `advice`: it costs time or clarity.
        text: What it is.
        hint: What to do.
    """

    place: Place
    rule: str
    level: Level
    text: str
    hint: str


class _At(NamedTuple):
    """A step with its task and its place in it."""

    task: Task
    number: int
    step: Step


class _Linter:
    """The rules, over one plan."""

    def __init__(self, loaded: LoadedPlan, seconds: Mapping[str, float]) -> None:
        self.loaded = loaded
        self.graph = loaded.graph
        self.steps = [_At(t, i, s) for t in loaded.plan.tasks for i, s in enumerate(t.steps)]
        has_all = seconds.keys() >= self.graph.nodes.keys() and loaded.plan.limit is None
        self.seconds = seconds if has_all else {}

    def remark(self, at: _At, rule: str, text: str, hint: str, level: Level = "fault") -> Remark:
        return Remark(self.loaded.place(at.task.id, "steps", at.number), rule, level, text, hint)

    def before(self, first: _At, then: _At) -> bool:
        """Whether a step has always ended before another begins."""
        if first.task.id == then.task.id:
            return first.number < then.number
        return first.task.id in self.graph.upstream(then.task.id)

    def built_twice(self) -> Iterator[Remark]:
        builds = [(at, at.step) for at in self.steps if isinstance(at.step, ImageBuild)]
        for (first, one), (at, other) in combinations(builds, 2):
            if one.tag == other.tag:
                text = f"image {one.tag!r} is built twice, here and in task {first.task.id!r}"
            elif _source(one) == _source(other):
                text = f"image {other.tag!r} is built from what {one.tag!r} is built from"
            else:
                continue
            yield self.remark(at, "image-built-twice", text, "build it in one task and need that task")

    def namespace_missing(self) -> Iterator[Remark]:
        makers: dict[str, list[_At]] = {}
        unknown: list[_At] = []
        for at in self.steps:
            made = made_by(at.step, self.loaded.variables)
            if made is None:
                unknown.append(at)
            for name in made or ():
                makers.setdefault(name, []).append(at)
        for at in self.steps:
            for name in sorted(used_by(at.step, self.loaded.variables) - GIVEN):
                made_here = [maker for maker in makers.get(name, ()) if maker == at or self.before(maker, at)]
                may_be_made = [other for other in unknown if other == at or self.before(other, at)]
                if not made_here and not may_be_made:
                    yield self._namespace(at, name, makers.get(name, []))

    def _namespace(self, at: _At, name: str, makers: list[_At]) -> Remark:
        rule = "namespace-missing"
        if not makers:
            hint = "put a kubernetes.namespace step before it"
            return self.remark(at, rule, f"uses namespace {name!r}, which nothing before it makes", hint)
        maker = makers[0].task.id
        if maker == at.task.id:
            text = f"uses namespace {name!r}, which only a later step makes"
            return self.remark(at, rule, text, "move the step that makes it before this one")
        text = f"uses namespace {name!r}, but does not wait for task {maker!r}, which makes it"
        phase = self.graph.nodes[maker].phase
        level: Level = "advice" if phase < self.graph.nodes[at.task.id].phase else "fault"
        if level == "advice":
            text += "; in eager mode they may meet"
        return self.remark(at, rule, text, f"add {maker!r} to the needs of {at.task.id!r}", level)

    def commands(self) -> Iterator[Remark]:
        for at in self.steps:
            if not isinstance(at.step, Command):
                continue
            line = _bare(at.step)
            if _SWALLOWED.search(line):
                hint = "let it fail, or say with `unless` when it need not run"
                yield self.remark(at, "failure-swallowed", "its failure is swallowed", hint)
            if _SLEEP.search(line) and not _LOOP.search(line):
                hint = "wait for what the sleep waits for: kubernetes.wait, kubernetes.probe or http.check"
                yield self.remark(at, "sleep", "sleeps in place of a probe", hint)
            if _BACKGROUND.search(line):
                text = "runs in the background: its time and its failure are lost"
                yield self.remark(at, "untimed", text, "make it a task of its own; tasks run concurrently")

    def shared_output(self) -> Iterator[Remark]:
        writes = [
            (at, at.step.folder, match["file"])
            for at in self.steps
            if isinstance(at.step, Command)
            for match in _WRITES.finditer(_script(at.step))
            if not match["file"].startswith("/dev/")
        ]
        for (first, *one), (at, *other) in combinations(writes, 2):
            apart = first.task is at.task or self.before(first, at) or self.before(at, first)
            if one == other and not apart:
                text = f"writes {other[1]} while task {first.task.id!r} may write it too: lines interleave"
                hint = "give each a file of its own; bringup keeps a log a task"
                yield self.remark(at, "shared-output", text, hint)

    def waits(self) -> Iterator[Remark]:
        for at in self.steps:
            waits = isinstance(at.step, KubernetesWait | KubernetesProbe | HttpCheck)
            if waits and at.step.timeout is None and at.task.timeout is None:
                text = f"{at.step.kind} waits without a timeout"
                yield self.remark(at, "no-timeout", text, "add `timeout:` to the step or its task")

    def redundant_needs(self) -> Iterator[Remark]:
        for task in self.loaded.plan.tasks:
            for i, need in enumerate(task.needs):
                through = next((o for o in task.needs if o != need and need in self.graph.upstream(o)), None)
                place = self.loaded.place(task.id, "needs", i)
                hint = f"remove {need!r} from the needs of {task.id!r}"
                if need in task.needs[:i]:
                    text = f"{task.id!r} needs {need!r} twice"
                elif through is not None:
                    text = f"{task.id!r} needs {need!r}, which its need {through!r} implies"
                else:
                    continue
                yield Remark(place, "redundant-need", "advice", text, hint)

    def idle_barriers(self) -> Iterator[Remark]:
        if self.loaded.plan.limit == 1:
            return
        for id_, node in self.graph.nodes.items():
            upstream = self.graph.upstream(id_)
            earlier = [other for phase in self.graph.phases[: node.phase] for other in phase]
            waits_for = [other for other in earlier if other not in upstream]
            remedy = self._remedy(node, waits_for) if waits_for else None
            if remedy is None:
                continue
            more = ", …" if len(waits_for) > _MOST_NAMED else ""
            text = (
                f"{id_!r} is held back by the phases before it, though it needs none of: "
                f"{', '.join(waits_for[:_MOST_NAMED])}{more}"
            )
            said, hint = remedy
            yield Remark(self.loaded.place(id_), "idle-barrier", "advice", text + said, hint)

    def _remedy(self, node: Node, waits_for: list[str]) -> tuple[str, str] | None:
        """What a task held back would gain, by the recorded times if there are any, and by which means."""
        earliest = max((self.graph.nodes[need].phase for need in node.needs), default=0)
        reached = min(node.phase, max(self.graph.nodes[other].phase for other in waits_for) + 1)
        phases = range(earliest, reached)  # in a later one it would still wait for all of them
        if not self.seconds:
            return "", f"{self._move(phases[0])}, or use --mode eager" if phases else "use --mode eager"
        before = self.graph.starts(self.seconds)[node.id]
        eager = before - self.graph.starts(self.seconds, "eager")[node.id]
        if eager < _LEAST_SECONDS:
            return None
        gains = [(*self._gain(node, phase), phase) for phase in phases]
        saved, sooner, phase = max(gains, default=(0.0, 0.0, 0))
        if saved < _LEAST_SECONDS:
            return f"; with --mode eager it could start {eager:.1f} s sooner", "use --mode eager"
        there = f"; in phase {self._name(phase)} it would start {sooner:.1f} s sooner"
        return f"{there}, which saves {saved:.1f} s in all", f"{self._move(phase)}, or use --mode eager"

    def _gain(self, node: Node, phase: int) -> tuple[float, float]:
        """How many seconds all tasks, and one alone, are sooner if that is moved to a phase."""
        nodes = self.graph.nodes.values()
        moved = Graph(other._replace(phase=phase) if other is node else other for other in nodes)
        saved = self.graph.makespan(self.seconds) - moved.makespan(self.seconds)
        return saved, self.graph.starts(self.seconds)[node.id] - moved.starts(self.seconds)[node.id]

    def _move(self, phase: int) -> str:
        return f"move it to phase {self._name(phase)}"

    def _name(self, phase: int) -> str:
        return repr(self.loaded.plan.phases[phase].id)


def lint(loaded: LoadedPlan, seconds: Mapping[str, float] | None = None) -> list[Remark]:
    """What is questionable about a plan, in the order of its file.

    Args:
        loaded: The plan.
        seconds: How long its tasks took in a recorded run, by id, where there is one. Savings are told only
            where it has all of the plan's tasks, and the plan has no limit: they would be wrong.
    """
    linter = _Linter(loaded, seconds or {})
    rules = (
        linter.built_twice,
        linter.namespace_missing,
        linter.commands,
        linter.shared_output,
        linter.waits,
        linter.redundant_needs,
        linter.idle_barriers,
    )
    found = dict.fromkeys(remark for rule in rules for remark in rule())
    return sorted(found, key=lambda remark: (remark.place, remark.rule))


def _source(build: ImageBuild) -> tuple[object, ...]:
    """What an image is built from."""
    dockerfile = build.dockerfile or build.context / "Dockerfile"
    return build.context, dockerfile, build.args, build.target, build.platform


def _script(command: Command) -> str:
    """A command as a line of shell."""
    if command.shell:
        return command.shell
    program, *rest = command.argv
    if program.rsplit("/", 1)[-1] in _SHELLS and rest[:1] in (["-c"], ["-ec"], ["-exc"]):
        return " ".join(rest[1:2])
    return shlex.join(command.argv)


def _bare(command: Command) -> str:
    """A command's line without what is quoted or a comment."""
    return _COMMENT.sub("", _QUOTED.sub("''", _script(command)))
