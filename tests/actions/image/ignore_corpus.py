"""Ignore files, and what BuildKit leaves out by them.

`python -m tests.actions.image.ignore_corpus` asks it anew.

Each case is an ignore file over one tree of paths, with what a real `COPY . /` then has of it.
"""

from __future__ import annotations

import io
import json
import random
import subprocess
import sys
import tarfile
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

RECORD = Path(__file__).with_name("ignore_corpus.json")
BUILD_FILES = ("Dockerfile", ".dockerignore")
TREE = (
    ".env",
    ".git/HEAD",
    ".git/a/b",
    "a",
    "a.key",
    "b/a",
    "b/a.key",
    "b/b/a",
    "b/b/b/a",
    "b/b/c.md",
    "b/c/",
    "README.md",
    "README-secret.md",
    "build/out/x",
    "build/keep/y",
    "c.d/e",
    "c.d/ef",
    "café/x",
    "deep/er/est/a.key",
    "docs/a.md",
    "docs/b/c.md",
    "node_modules/x/index.js",
    "secret/.key",
    "secret/a.key",
    "secret/b/key",
    "src/a.go",
    "src/b/a_test.go",
    "src/b/b.go",
    "src/node_modules/y/a",
    "temp",
    "tempa",
    "x[1]/a",
    "x*y",
    "z-a",
    "!bang",
    "#hash",
    "\\back",
    "]close",
    "^caret",
    "{a,b}",
    "$d",
    "(p)",
    "a+b",
    "a|b",
    "tab\td",
    "space d/ x",
)

WRITTEN = [
    "",
    "#",
    "# a\n",
    " # a",
    "#a\n#b",
    "\ufeffa",
    "\ufeff#a\na",
    "a\r\nb\r\n",
    "a\rb",
    "a ",
    " a",
    "\ta\t",
    "\xa0a",
    "a\n\n\nb",
    "a\\ ",
    "a\x0bb",
    "a\u2028b",
    "a\x1cb",
    "*",
    "**",
    "***",
    "*/*",
    "*/*/*",
    "**/*",
    "*/**",
    "**/**",
    "**/",
    "*/",
    "/*",
    "/**",
    "./*",
    "./**",
    "**.key",
    "**key",
    "**/key",
    "**/.key",
    "**/*.key",
    "**.md",
    "**a",
    "**/a",
    "**/a/",
    "**/b/a",
    "**/b",
    "**b/a",
    "***.key",
    "a**",
    "b**",
    "b/**",
    "b/**/",
    "b**/a",
    "b/**/a",
    "b/**a",
    "**/b/**",
    "**/b/**/a",
    "b/**/**",
    "**/**/a",
    "b*/a",
    "b/*",
    "b/*/*",
    "b/**/*.md",
    "src/**/*.go",
    "**/*_test.go",
    "**/node_modules",
    "node_modules",
    "*/node_modules",
    "/a",
    "//a",
    "a/",
    "a//",
    "./a",
    "././a",
    "b/./a",
    "b//a",
    "b/../a",
    "../a",
    "..",
    ".",
    "/",
    "./",
    "/.",
    "/..",
    "/../a",
    "b/..",
    "a/../../b",
    "...",
    "./.env",
    ".git",
    ".git/",
    ".git/**",
    ".*",
    "**/.*",
    "?",
    "??",
    "b?a",
    "temp?",
    "t?mp",
    "[a]",
    "[ab]",
    "[a-c]",
    "[^a]",
    "[!a]",
    "[a-c].d",
    "c[.]d",
    "[a-]",
    "[-a]",
    "[]a]",
    "[^]",
    "[]",
    "[",
    "a[",
    "[a",
    "a]",
    "]close",
    "]*",
    "[z-a]",
    "[a-a]",
    "x[[]1]",
    r"x\[1\]",
    "x[1]",
    r"x\[1]",
    "x[[]*",
    r"[\]]close",
    r"[\^]caret",
    "[[:alpha:]]",
    "[[:foo:]]",
    "[a*]",
    "[*]",
    "[?]",
    r"[\]",
    r"[\d]",
    r"\a",
    r"\b",
    r"\d",
    r"\q",
    r"\1",
    "\\",
    "a\\",
    r"x\*y",
    r"x\?y",
    "x*y",
    r"\#hash",
    "#hash",
    r"\!bang",
    "!bang",
    "*\n!!bang",
    "*\n!\\!bang",
    r"\\back",
    "{a,b}",
    "$d",
    "(p)",
    "(p*",
    "a+b",
    "a|b",
    "a.key",
    "aXkey",
    "^caret",
    "^*",
    "z-a",
    "tab\td",
    "space d",
    "space d/",
    "space*",
    "caf\xe9",
    "caf?",
    "caf*",
    "caf[\xe9]",
    "caf[\xe0-\xef]/x",
    "!",
    "! ",
    "!a",
    "!!",
    "*\n!a",
    "*\n! a",
    "*\n!/a",
    "*\n!./a",
    "*\n!a/",
    "*\n!b",
    "*\n!b/",
    "*\n!b/a",
    "*\n!b/b/b/a",
    "*\n!b/**",
    "*\n!b/*",
    "*\n!**/a",
    "*\n!**/*.go",
    "*\n!**.key",
    "*\n!*.md",
    "*\n!*/*.md",
    "**\n!b",
    "**\n!b/b",
    "**\n!**/a.key",
    "**/*\n!**/*.go",
    "b\n!b/a",
    "b\n!b/b/c.md",
    "b/*\n!b/b",
    "b/**\n!b/b",
    "b/**\n!b/b/**",
    "b\n!b",
    "!b\nb",
    "b\n!b\nb/a",
    "b/a\n!b",
    "b/b/b\n!b",
    "!b/a\nb",
    "b/a\n!b/*",
    "b/b\n!b/*",
    "b/b/a\n!b/*",
    "b/b/a\n!b\nb/b/b",
    "b\n!b/b\nb/b/b",
    "*.md\n!README.md",
    "*.md\n!README*.md\nREADME-secret.md",
    "*.md\nREADME-secret.md\n!README*.md",
    "*/*.md\n!docs",
    "*\n!src\nsrc/b",
    "*\n!src/**/*.go",
    "src\n!src/**/b.go",
    "src/*\n!src/b/b.go",
    "**/node_modules\n!src/node_modules",
    "build\n!build/keep",
    "build/\n!build/keep/",
    "build/**\n!build/keep/**",
    "build/*\n!build/keep",
    "*\n!build/keep\n!a",
    "*\n!deep/er",
    "*\n!d*/er",
    "*\n!**/est",
    "*\n!deep/*/est",
    "deep\n!deep/er/est/a.key",
    "*\n!*",
    "*\n!**",
    "*\n!.",
    "*\n!..",
    "*\n!/",
    "*\n![b",
    "*\n!b\\",
    ".dockerignore",
    "Dockerfile",
    "Dockerfile\n.dockerignore",
    "*\n!Dockerfile",
    "Dockerfile*",
    "c.d/e",
    "c.d/e*",
    "c?d",
    "b/c",
    "b/c/",
    "b/c/**",
    "secret/**\n!secret/a.key",
    "secret\n!**/key",
]
PARTS = [
    "a",
    "b",
    "c.d",
    "src",
    "*",
    "**",
    "?",
    "*.key",
    "**.md",
    "b*",
    "[ab]",
    "[^b]",
    "deep",
    "er",
    ".git",
    "a.key",
    "*.go",
    "..",
    ".",
]


def made(seed: int) -> str:
    """An ignore file of some random lines."""
    draw = random.Random(seed)
    lines = []
    for _ in range(draw.randint(1, 4)):
        parts = [draw.choice(PARTS) for _ in range(draw.choice((1, 1, 2, 2, 3)))]
        sign = "!" if draw.random() < 0.35 else ""
        lines.append(sign + draw.choice(("", "", "", "/")) + "/".join(parts) + draw.choice(("", "", "", "/")))
    return "\n".join(lines)


def plant(directory: Path, ignore: str) -> None:
    """Make the tree, with an ignore file."""
    for name in TREE:
        path = directory / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.write_text("x")
    (directory / ".dockerignore").write_text(ignore, newline="")
    (directory / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")


def paths() -> list[str]:
    """All that is in the tree, directories too."""
    found = {parent.as_posix() for name in TREE for parent in Path(name).parents} - {"."}
    return sorted(found | {name.rstrip("/") for name in TREE})


class UnaskedError(Exception):
    """This engine cannot be asked that."""


def ask(ignore: str) -> list[str] | None:
    """What a real build copies; None where it refuses the ignore file."""
    with tempfile.TemporaryDirectory() as made_here:
        plant(Path(made_here), ignore)
        argv = ("docker", "buildx", "build", "--quiet", "--no-cache", "--output", "type=tar", made_here)
        built = subprocess.run(argv, capture_output=True, check=False)
    if b"PROTOCOL_ERROR" in built.stderr:  # BuildKit in Docker 20.10 takes patterns of printable ASCII alone
        raise UnaskedError
    if built.returncode:
        assert b"pattern" in built.stderr or b"token too long" in built.stderr, built.stderr.decode()
        return None
    with tarfile.open(fileobj=io.BytesIO(built.stdout)) as tar:
        return sorted({name.removeprefix("./").rstrip("/") for name in tar.getnames()} - {"", *BUILD_FILES})


def main() -> None:
    ignores = list(dict.fromkeys([*WRITTEN, *map(made, range(int(sys.argv[1]) if sys.argv[1:] else 400))]))
    every = paths()
    lines = []
    with ThreadPoolExecutor(3) as pool:
        for ignore, answer in [(ignore, pool.submit(ask, ignore)) for ignore in ignores]:
            try:
                kept = answer.result()
            except UnaskedError:
                continue
            left_out = None if kept is None else [at for at, name in enumerate(every) if name not in kept]
            assert kept is None or set(kept) <= set(every), (ignore, kept)
            lines.append(json.dumps([ignore, left_out]))
    RECORD.write_text(f'{{"paths": {json.dumps(every)},\n"cases": [\n' + ",\n".join(lines) + "\n]}\n")


if __name__ == "__main__":
    main()
