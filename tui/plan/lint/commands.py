"""Rules on what commands do in the shell."""

from __future__ import annotations

import re
import shlex
from itertools import combinations, pairwise, takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from tui.plan.steps.command import ProgramStep
from tui.plan.steps.references import NAMESPACE_KINDS, OBJECT_NAME

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from tui.plan.lint.remark import Remark, StepAt, Subject
    from tui.plan.model import Plan

_HEREDOC = re.compile(
    r"<<-?\s*(?P<quote>['\"]?)(?P<word>\w+)(?P=quote)(?P<rest>[^\n]*)\n.*?^\s*(?P=word)$",
    re.DOTALL | re.MULTILINE,
)
_QUOTED_OR_COMMENT = re.compile(
    r"""\$\(\(.*?\)\)|'[^']*'|"(?:\\.|[^"\\])*"|\\.|(?P<comment>(?<!\S)#[^\n]*)""", re.DOTALL
)
_SWALLOWED = re.compile(r"\|\|\s*(true|:|echo|exit 0|return 0)(?![\w-])|;\s*true\s*$|\bset \+e\b")
_LOOP = re.compile(r"\b(while|until|for)\b")
_SLEEP = re.compile(r"(^|[;&|(\s])sleep\s+\S")
_BACKGROUND = re.compile(r"(?<![&|<>;])&(?![&>])|\b(?:nohup|setsid|disown)\b")
_AWAITED = re.compile(r"(?:^|[;&|(\n]|\b(?:then|do))\s*wait\b")
_WRITES = re.compile(r"(?:(?<![<\-=])[12&]?>>?|\btee(?:\s+-a)?)\s*(?P<file>[^\s;|&<>()]+)")
_WAITS = re.compile(r"\bkubectl\b[^;&|\n]*?\s(?P<how>wait|rollout\s+status)\b")
_HELM_WAITS = re.compile(r"\bhelm\b[^;&|\n]*?\s(?:install|upgrade)\s[^;&|\n]*--(?:wait|atomic)\b")
_SEPARATOR = re.compile(r"[;&|()<>]+")
SHELLS = {"sh", "bash", "zsh", "dash"}
_CLIENTS = {"kubectl", "oc", "helm", "helmfile", "istioctl", "linkerd", "cilium", "flux", "tkn", "kn", "k9s"}
_CONTEXTS = {"--context", "--kube-context", "use-context", "kubectx"}
_SERVERS = {"--cluster", "--server", "--kube-apiserver"}


def commands(subject: Subject) -> Iterator[Remark]:
    """Remark on failures that are swallowed, sleeps, programs in the background, and other clusters."""
    for at, step in commands_of(subject):
        line = bare(step)
        if _SWALLOWED.search(line):
            hint = "let it fail, or say with `unless` when it need not run"
            yield subject.remark(at, "failure-swallowed", "its failure is swallowed", hint)
        if _SLEEP.search(line) and not _LOOP.search(line):
            hint = "wait for what the sleep waits for: kubernetes.wait, kubernetes.probe or http.check"
            yield subject.remark(at, "sleep", "sleeps in place of a probe", hint)
        if found := _WAITS.search(line):
            text = f"waits by `kubectl {found['how']}`: pods, causes and spans are not shown"
            hint = "use `kubernetes.wait`: rollouts, jobs, pods, nodes, conditions, values, gone"
            yield subject.remark(at, "kubectl-wait", text, hint, "advice")
        if _HELM_WAITS.search(line):
            text = "waits by `helm --wait`, which tells neither pod nor cause"
            yield subject.remark(at, "helm-wait", text, "use `helm.install`, which waits by itself", "advice")
        if (found := _BACKGROUND.search(line)) and not _AWAITED.search(line, found.end()):
            text = "leaves a program in the background: its time and its failure are lost"
            hint = "make it a task of its own, since tasks run concurrently; or `wait` for it in the command"
            yield subject.remark(at, "untimed", text, hint)
        if other := _other_cluster(step, subject.loaded.plan):
            text = f"uses another cluster than the plan's: {other}"
            hint = "remove it: commands get the plan's KUBECONFIG by themselves"
            yield subject.remark(at, "other-cluster", text, hint, "advice")


def shared_output(subject: Subject) -> Iterator[Remark]:
    """Remark on files that two tasks may write at the same time."""
    writes = [
        (at, step.folder, match["file"])
        for at, step in commands_of(subject)
        for match in _WRITES.finditer(script_of(step))
        if not match["file"].startswith("/dev/")
    ]
    for (first, *one), (at, *other) in combinations(writes, 2):
        apart = first.task is at.task or subject.before(first, at) or subject.before(at, first)
        if one == other and not apart:
            text = f"writes {other[1]} while task {first.task.id!r} may write it too: lines interleave"
            hint = "give each a file of its own; bringup keeps a log a task"
            yield subject.remark(at, "shared-output", text, hint)


def namespaces_made(command: ProgramStep) -> set[str]:
    """Return the namespaces that a command is seen to make: by kubectl itself, or by a chart's installation.

    It may make others, as what it runs may.
    """
    found: set[str] = set()
    words = words_of(script_of(command))
    starts = [i for i, word in enumerate(words) if word.rsplit("/", 1)[-1] in {"kubectl", "oc", "helm"}]
    for start, end in zip(starts, [*starts[1:], len(words)], strict=False):
        line = list(takewhile(lambda word: not _SEPARATOR.fullmatch(word), words[start:end]))
        if line[0].endswith("helm"):
            found |= set(option(line, "-n", "--namespace")) if "--create-namespace" in line else set()
        elif "create" in line:
            made = pairwise(line[line.index("create") :])
            plain = [
                word for before, word in made if not word.startswith("-") and before not in {"-o", "--output"}
            ]
            found |= set(plain[1:2]) if plain[:1] and plain[0] in NAMESPACE_KINDS else set()
    return {name for name in found if OBJECT_NAME.fullmatch(name)}


def option(words: list[str], *names: str) -> Iterator[str]:
    """Yield the values of an option."""
    for word, following in zip(words, [*words[1:], ""], strict=True):
        name, equals, value = word.partition("=")
        if name in names:
            yield value if equals else following


def commands_of(subject: Subject) -> Iterator[tuple[StepAt, ProgramStep]]:
    """Yield the steps that run programs, each with its place."""
    for at in subject.steps:
        if isinstance(at.step, ProgramStep):
            yield at, at.step


def script_of(command: ProgramStep) -> str:
    """Return a command as a line of shell."""
    if command.shell:
        return command.shell
    program, *rest = command.argv
    if program.rsplit("/", 1)[-1] in SHELLS and rest[:1] in (["-c"], ["-ec"], ["-exc"]):
        return " ".join(rest[1:2])
    return shlex.join(command.argv)


def bare(command: ProgramStep) -> str:
    """Return a command's line without comments, and without what is quoted."""
    line = _HEREDOC.sub(lambda found: found["rest"], script_of(command))
    return _QUOTED_OR_COMMENT.sub(lambda found: "" if found["comment"] else "''", line)


def _other_cluster(command: ProgramStep, plan: Plan) -> str:
    """Return how a command chooses another cluster than the plan's; empty if it does not."""
    clusters = plan.clusters.values()
    if not clusters:
        return ""
    words = [*(f"{name}={value}" for name, value in command.env.items()), *words_of(script_of(command))]
    asks = any(word.rsplit("/", 1)[-1] in {*_CLIENTS, "kubectx"} for word in words)
    where = command.folder or plan.folder_of(command)
    files = {cluster.kubeconfig for cluster in clusters}
    own = {"", *(cluster.context or f"{cluster.provider}-{cluster.name}" for cluster in clusters)}
    for before, word, following in zip(["", *words], words, [*words[1:], ""], strict=False):
        name, equals, value = word.partition("=")
        value = value if equals else following
        if name == "KUBECONFIG" and not equals:
            chosen = before in {"unset", "-u", "--unset"}
        elif name in {"KUBECONFIG", "--kubeconfig"}:  # after -e it is that of a container
            chosen = before not in {"-e", "--env"} and not _is_file(value, files, where)
        else:
            chosen = asks and name in {*_CONTEXTS, *_SERVERS} and value not in own
        if chosen:
            pair = f"{before} {word}" if name == "KUBECONFIG" else f"{word} {following}"
            return word if equals else pair
    return ""


def _is_file(value: str, files: Container[Path], folder: Path) -> bool:
    """Return whether a value is a kubeconfig of the plan's."""
    return value in {"$KUBECONFIG", "${KUBECONFIG}"} or folder / Path(value).expanduser() in files


def words_of(script: str) -> list[str]:
    """Return the words of a script, without quotes and comments."""
    lexer = shlex.shlex(script, posix=True, punctuation_chars=True)
    lexer.wordchars += "${}:@%^,+"
    try:
        return list(lexer)
    except ValueError:  # a quote that is not closed, as in a text that the shell never reads
        return script.split()
