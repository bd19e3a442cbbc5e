"""What is read of a Dockerfile before it is built: whether it needs BuildKit, which arguments it declares.

On what only BuildKit knows, the engine's classic builder fails with errors that do not say so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ESCAPE = re.compile(r"#\s*escape\s*=\s*(\S)", re.IGNORECASE)
_DIRECTIVE = re.compile(r"#\s*\w+\s*=")
_FLAGS = {
    "RUN": {"mount", "network", "security", "device"},
    "COPY": {"chmod", "link", "parents", "exclude"},
    "ADD": {"chmod", "link", "checksum", "keep-git-dir", "exclude", "unpack"},
}
_FLAG = re.compile(r"\s*--([a-z-]+)(?:=\S*)?(?=\s|$)")
_HEREDOC = re.compile(
    r"""(?:^|\s)\d*<<(?P<tabs>-?)(?P<quote>["']?)(?P<word>[A-Za-z_]\w*)(?P=quote)(?=\s|$)"""
)
_GIT = re.compile(r"\s(?:git@\S+:|(?:https?|git|ssh)://\S+\.git(?=[#\s]|$))")
_PLATFORM = re.compile(r"\$\{?(?:BUILD|TARGET)(?:PLATFORM|OS|ARCH|VARIANT)\b")
_ARGUMENTS = re.compile(r"(?:^|\s)((?:BUILD|TARGET)(?:PLATFORM|OS|ARCH|VARIANT))(?=\s|$)")


@dataclass(frozen=True, slots=True)
class Instruction:
    """An instruction of a Dockerfile.

    Attributes:
        line: The number of the line that it begins on.
        name: `FROM`, `RUN`, …, in capitals.
        rest: What follows, its continued lines joined.
        heredoc: Whether a here-document follows it.
    """

    line: int
    name: str
    rest: str
    heredoc: bool = False


def needs_buildkit(content: bytes) -> str:
    """Return where a Dockerfile needs BuildKit, and for what, such as `3: RUN --mount`.

    Returns:
        Empty where the classic builder can build all of it.
    """
    declared: set[str] = set()  # arguments ahead of the first FROM
    for instruction in instructions(content):
        if instruction.name == "ARG":
            declared.update(word.partition("=")[0] for word in instruction.rest.split())
        if reason := _buildkit_only(instruction, declared):
            return f"{instruction.line}: {reason}"
    return ""


def _buildkit_only(instruction: Instruction, declared: set[str]) -> str:
    name = instruction.name
    for flag in _flags(instruction.rest):
        if flag in _FLAGS.get(name, ()):
            return f"{name} --{flag}"
    if instruction.heredoc:
        return f"the here-document of {name}"
    if name == "ADD" and _GIT.search(f" {instruction.rest}"):
        return "ADD of a Git repository"
    if name == "FROM" and (found := _PLATFORM.search(instruction.rest)):
        variable = found[0].lstrip("${")
        return "" if variable in declared else f"FROM with ${variable}"
    return ""


def platform_arguments(content: bytes, platform: str | None, architecture: str) -> dict[str, str]:
    """Return the build arguments that BuildKit sets by itself, as far as a Dockerfile declares them.

    Args:
        content: What is in the Dockerfile.
        platform: What is built for, as `linux/arm64`; the engine's own if None.
        architecture: The engine's.
    """
    declared = {
        name
        for instruction in instructions(content)
        if instruction.name == "ARG"
        for name in _ARGUMENTS.findall(instruction.rest)
    }
    if not declared or not architecture:
        return {}
    own = f"linux/{architecture}"
    values: dict[str, str] = {}
    for side, name in (("BUILD", own), ("TARGET", platform or own)):
        system, _, rest = name.partition("/")
        kind, _, variant = rest.partition("/")
        values |= {
            f"{side}PLATFORM": name,
            f"{side}OS": system,
            f"{side}ARCH": kind,
            f"{side}VARIANT": variant,
        }
    return {name: values[name] for name in sorted(declared)}


def instructions(content: bytes) -> Iterator[Instruction]:
    """Yield the instructions of a Dockerfile, without comments."""
    lines = content.decode("utf-8-sig", errors="replace").replace("\r\n", "\n").split("\n")
    escape = _escape(lines)
    at = 0
    while at < len(lines):
        begin, text = at, ""
        while at < len(lines):
            line = lines[at].rstrip()
            at += 1
            if line.lstrip().startswith("#") or (text and not line):
                continue  # also between continued lines
            text += line.removesuffix(escape)
            if not line.endswith(escape):
                break
        begin += next((skipped for skipped, line in enumerate(lines[begin:at]) if _says(line)), 0)
        name, rest = (*text.split(maxsplit=1), "", "")[:2]
        end = _after_heredocs(lines, at, rest) if name.upper() in _FLAGS else at
        if name:
            yield Instruction(begin + 1, name.upper(), rest, heredoc=end > at)
        at = end


def _says(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _escape(lines: list[str]) -> str:
    """Return the character that continues a line: a backslash, unless a directive names another."""
    for line in lines:
        if found := _ESCAPE.match(line.strip()):
            return found[1]
        if not _DIRECTIVE.match(line.strip()):
            break
    return "\\"


def _flags(rest: str) -> Iterator[str]:
    at = 0
    while found := _FLAG.match(rest, at):
        yield found[1]
        at = found.end()


def _after_heredocs(lines: list[str], at: int, rest: str) -> int:
    """Return the index of the line after an instruction's here-documents."""
    for found in _HEREDOC.finditer(rest):
        for end in range(at, len(lines)):
            if (lines[end].lstrip("\t") if found["tabs"] else lines[end]) == found["word"]:
                at = end + 1
                break
    return at
