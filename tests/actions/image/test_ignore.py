"""Ignore files leave out what they leave out of a real build."""

from __future__ import annotations

import contextlib
import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from tests.actions import engines
from tests.actions.image import ignore_corpus
from tests.actions.image.ignore_corpus import BUILD_FILES, RECORD, UnaskedError, ask, made, paths, plant
from tui.actions.image.build_context import read_context
from tui.actions.image.ignore import read_rules
from tui.errors import ActionError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("tree")
    plant(directory, "")
    return directory


def sent(tree: Path, ignore: str) -> list[str] | None:
    (tree / ".dockerignore").write_bytes(ignore.encode())
    try:
        names = read_context(tree).names()
    except ActionError:
        return None
    return sorted(set(names) - set(BUILD_FILES))


def test_every_recorded_ignore_file_means_the_same(tree: Path) -> None:
    record: dict[str, Any] = json.loads(RECORD.read_text())
    every = record["paths"]
    assert every == paths()
    differing: dict[str, object] = {}
    for ignore, left_out in record["cases"]:
        real = (
            None if left_out is None else [name for at, name in enumerate(every) if at not in set(left_out)]
        )
        ours = sent(tree, ignore)
        if ours != real:
            differing[ignore] = sorted(set(ours) ^ set(real)) if ours and real else (ours, real)
    assert differing == {}
    assert len(record["cases"]) > 500


@pytest.mark.e2e
def test_a_real_build_leaves_out_the_same(tree: Path) -> None:
    if not engines.has_docker():
        pytest.skip("no Docker engine answers")
    draw = random.Random()
    seed = draw.randrange(1 << 30)
    for ignore in (*draw.sample(ignore_corpus.WRITTEN, 8), *map(made, range(seed, seed + 8))):
        with contextlib.suppress(UnaskedError):
            assert sent(tree, ignore) == ask(ignore), ignore


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("a[b", "has a [ that is not closed; a plain [ is written \\["),
        ("[z-a]", "is no pattern: bad character range z-a"),
        ("[a-]", "has a ] in [ ] that wants a backslash"),
        ("a\\", "ends in a backslash"),
        ("!", "excepts nothing"),
        ("!/", "excepts nothing"),
    ],
)
def test_a_bad_pattern_is_told_with_its_line(line: str, cause: str) -> None:
    with pytest.raises(ActionError) as raised:
        read_rules(f"# first\n{line}\n".encode(), ".dockerignore")
    assert raised.value.cause == f".dockerignore:2: {line!r} {cause}"


def test_a_line_beyond_dockers_measure_is_refused() -> None:
    with pytest.raises(ActionError, match="too long"):
        read_rules(b"a" * 70_000, ".dockerignore")
    assert read_rules(b"a" * 60_000, ".dockerignore").ignores("a" * 60_000)
