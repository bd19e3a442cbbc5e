"""Snapshots of an engine as a user lists, removes and prunes them."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from tests.doctor.peers import serving_aside
from tui.cli import main
from tui.cluster.snapshots.snapshot import LABEL, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

NOW = time.time()
NEW = Snapshot("5e1f00d1", "shop", "shop", "infra", NOW - 120, 47.0, {}, {}, whole=3_800_000_000)
OLD = replace(NEW, id="ab120000", after="", taken=NOW - 40 * 86_400, whole=2_000_000_000)


def image(snapshot: Snapshot, **more: Any) -> dict[str, Any]:
    return {
        "Id": f"sha256:{snapshot.id}",
        "RepoTags": [snapshot.image],
        "Labels": {LABEL: snapshot.label},
        **more,
    }


@pytest.fixture
def removed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What is asked of an engine to remove, which keeps two snapshots and what is like one."""
    asked: list[str] = []
    foreign = image(NEW, RepoTags=["mine:1"])
    later = {"Id": "x", "RepoTags": ["bringup-snapshot:ffff"], "Labels": {LABEL: '{"version": 9}'}}
    answers: dict[str, tuple[int, Any]] = {
        "/version": (200, {"Version": "99.1", "ApiVersion": "1.41"}),
        "/containers/json": (200, []),
        "/images/json": (200, [image(OLD), foreign, later, image(NEW)]),
        "/volumes": (200, {"Volumes": []}),
    }

    def gone(name: str) -> Mapping[str, str]:
        asked.append(name)
        return {}

    for each in (NEW, OLD):
        answers[f"/volumes/{each.volume}"] = (200, {"Labels": {LABEL: each.id}})
        answers[f"DELETE /volumes/{each.volume}"] = (200, lambda name=each.volume: gone(name))
        answers[f"DELETE /images/{each.image}"] = (200, lambda name=each.image: gone(name))
    with serving_aside(answers) as url:
        monkeypatch.setenv("DOCKER_HOST", url.replace("http", "tcp"))
        monkeypatch.chdir(folder)
        yield asked


def snapshot(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["snapshot", *arguments])
    return done.exit_code, done.output


def test_snapshots_are_listed_with_what_they_take(removed: list[str]) -> None:
    code, output = snapshot("list")
    assert code == 0
    assert [line.split() for line in output.splitlines()] == [
        ["SNAPSHOT", "PLAN", "CLUSTER", "AFTER", "TAKEN", "SIZE"],
        ["5e1f00d1", "shop", "shop", "infra", "2", "min", "ago", "3.8", "GB"],
        ["ab120000", "shop", "shop", "all", "40", "d", "ago", "2.0", "GB"],
    ]
    told = json.loads(snapshot("list", "--output", "json")[1])
    assert [(each["id"], each["whole"]) for each in told] == [(NEW.id, NEW.whole), (OLD.id, OLD.whole)]


@pytest.mark.parametrize(
    ("arguments", "gone"),
    [
        (["remove", "5e", "5e1f"], [NEW]),
        (["prune"], [OLD]),
        (["prune", "--over", "4"], [OLD]),
        (["prune", "--over", "1", "--dry-run"], []),
        (["prune", "--older-than", "60d"], []),
        (["remove", "ab", "nope"], []),
    ],
)
def test_snapshots_are_removed_with_image_and_volume(
    removed: list[str], arguments: list[str], gone: list[Snapshot]
) -> None:
    code, output = snapshot(*arguments)
    assert code == (2 if "nope" in arguments else 0), output
    assert removed == [name for each in gone for name in (each.volume, each.image)]
    assert all(f"removed snapshot {each.id}" in output for each in gone)
