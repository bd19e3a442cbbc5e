"""The examples of the guide to plans are plans, or parts of them, without faults."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.plan.writing import CLUSTER, HEAD, write
from tui.plan.lint import lint
from tui.plan.load import load_plan
from tui.plan.reference import GUIDE

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
PART = next(text for text in EXAMPLES if "storage.yaml.in" in text)  # includes it by a name of its own
FILES = ("plan/Dockerfile", "plan/operator.toml", "plan/certs/a.pem", "plan/database.env")
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


@pytest.mark.parametrize("example", [text for text in EXAMPLES if text is not PART])
def test_an_example_is_a_plan_without_faults(example: str, tmp_path: Path) -> None:
    for file in (*FILES, "shared/Dockerfile"):
        write(tmp_path, "", file)
    for file in ("plan/server.yaml.in", "shared/storage.yaml.in"):
        write(tmp_path, MAP, file)
    write(tmp_path, PART, "shared/storage.yaml")
    missing = {
        "apiVersion:": HEAD,
        "cluster": CLUSTER,
        "phases:": "phases: [{id: a, tasks: [{id: a, steps: [{kind: cluster.create}]}]}]\n",
    }
    added = "".join(text for key, text in missing.items() if not re.search(rf"^{key}", example, re.MULTILINE))
    loaded = load_plan(write(tmp_path, added + example, "plan/plan.yaml"))
    assert [remark for remark in lint(loaded) if remark.level == "fault"] == []
