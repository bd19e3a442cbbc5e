"""Whatever directory it is made of, a first plan can be read, and lint has nothing to remark."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.starter.shapes import SHAPES, deployment, lay
from tui.plan.lint import lint
from tui.plan.load import load_plan
from tui.starter.draft import draft, ways
from tui.starter.project import find
from tui.starter.write import write

if TYPE_CHECKING:
    from pathlib import Path

    from tui.plan.load import LoadedPlan

PARTS = [(name, text) for shape in SHAPES.values() for name, text in shape.items()]
DIRECTORIES = sorted({part for name, _ in PARTS for part in name.split("/")[:-1]})


def first_plans(root: Path) -> dict[str, LoadedPlan]:
    """The plans that can be made of a directory, by how they deploy."""
    found = find(root)
    plans = {}
    for way in ["", *ways(found)]:
        path = root / f"{way or 'nothing'}.bringup"
        path.write_text(write(draft(found, found.name, way)), encoding="utf-8")
        plans[way] = load_plan(path)
        assert lint(plans[way]) == [], path.read_text(encoding="utf-8")
    return plans


@pytest.mark.parametrize("shape", SHAPES)
def test_of_each_shape_of_project(shape: str, tmp_path: Path) -> None:
    first_plans(lay(tmp_path, SHAPES[shape]))


@given(
    files=st.lists(
        st.tuples(
            st.lists(st.sampled_from(DIRECTORIES), max_size=3),
            st.sampled_from(sorted({name.rpartition("/")[2] for name, _ in PARTS})),
            st.sampled_from([text for _, text in PARTS]) | st.text(max_size=20),
        ),
        max_size=8,
    )
)
@settings(max_examples=40, deadline=None)
def test_of_files_wherever_they_are(
    files: list[tuple[list[str], str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("project")
    for directories, name, text in files:
        try:
            lay(root, {"/".join([*directories, name]): text})
        except (OSError, UnicodeError):  # one has the name of another's directory
            continue
    first_plans(root)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_manifests_that_were_written_on_windows_are_found(encoding: str, tmp_path: Path) -> None:
    text = deployment("redis:7").replace("\n", "\r\n")
    (tmp_path / "web.yaml").write_text(text, encoding=encoding, newline="")
    assert "manifests: web.yaml" in write(draft(find(tmp_path), "shop", ways(find(tmp_path))[0]))


def test_what_an_empty_directory_gets_can_be_gone_on_with(tmp_path: Path) -> None:
    found = find(tmp_path)
    text = write(draft(found, "shop", ""))
    lay(tmp_path, {"Dockerfile": "FROM x", "deploy/a.yaml": "", "charts/web/Chart.yaml": ""})
    path = tmp_path / "bringup.yaml"
    path.write_text(re.sub(r"^  # (?=[ -])", "  ", text, flags=re.MULTILINE))
    assert [task.id for task in load_plan(path).plan.tasks] == ["cluster", "app", "chart"]
