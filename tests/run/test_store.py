"""The kept runs: their order, how they are found, and which are pruned."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tests.plans import make_plan, started
from tui.run import events as e
from tui.run import store as module
from tui.run.journal import EVENTS, Journal
from tui.run.store import RunReferenceError, Store, new_run_id

if TYPE_CHECKING:
    from pathlib import Path

PLAN = make_plan([{"a": []}])


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "runs")


def keep(store: Store, run: str, outcome: e.RunOutcome | None = None, **more: Any) -> Path:
    """Keep a run in which the task has succeeded."""
    journal = Journal(store.root / run)
    journal.append(replace(started(PLAN), run=run, **{"environment": "kind", **more}))
    journal.append(e.AttemptStarted(0.0, "a", 1))
    journal.append(e.AttemptFinished(5.0, "a", 1, "succeeded"))
    journal.append(e.TaskFinished(5.0, "a", "failed" if outcome == "failed" else "succeeded"))
    if outcome:
        journal.append(e.RunFinished(5.0, outcome))
    journal.close()
    return store.root / run / EVENTS


def ids(store: Store, **more: Any) -> list[str]:
    return [run.id for run in store.runs(**more)]


def test_ids_sort_as_time_went_whatever_the_clock_showed() -> None:
    began = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    moments = [began + timedelta(minutes=20 * i, milliseconds=9 * i) for i in range(9)]
    zones = [timezone(timedelta(hours=hours)) for hours in (2, 1, -11, 14)]
    made = [new_run_id(moment.astimezone(zones[i % 4])) for i, moment in enumerate(moments)]
    assert made == sorted(made)
    assert made[0].startswith("20261025T003000Z-00")
    assert new_run_id(began + timedelta(milliseconds=8)) > new_run_id(began)


def test_runs_of_earlier_versions_are_ordered_by_utc_too(store: Store) -> None:
    keep(store, "20260102-100000-aaaa", started="2026-01-02T10:00:00+09:00")
    keep(store, "20260102-020000-bbbb", started="2026-01-02T02:00:00+00:00")
    keep(store, "20260102T013000Z-cccc", started="2026-01-02T01:30:00+00:00")
    assert ids(store) == ["20260102-020000-bbbb", "20260102T013000Z-cccc", "20260102-100000-aaaa"]


def test_runs_are_listed_by_plan_and_purpose(store: Store) -> None:
    others: list[dict[str, Any]] = [{"plan": "other"}, {"purpose": "down"}, {"environment": "rehearsal"}]
    for i, more in enumerate([{}, *others]):
        keep(store, f"2026010{i}T000000Z-0000", **more)
    assert ids(store, plan="other") == ["20260101T000000Z-0000"]
    assert len(ids(store)) == 3
    assert ids(store, purpose="down") == ["20260102T000000Z-0000"]
    latest = store.latest("test")
    assert latest is not None
    assert latest.id == "20260100T000000Z-0000"  # rehearsals do not count


def test_what_is_no_run_is_skipped_and_counted(store: Store) -> None:
    keep(store, "20260101T000000Z-0000")
    keep(store, "20260102T000000Z-0000").write_text("not a journal\n")
    keep(store, "20260103T000000Z-0000").unlink()
    directory = keep(store, "20260104T000000Z-0000")
    directory.unlink()
    directory.mkdir()
    pipe = keep(store, "20260105T000000Z-0000")
    pipe.unlink()
    os.mkfifo(pipe)
    (store.root / "notes").mkdir()
    (store.root / "file").touch()
    assert ids(store) == ["20260101T000000Z-0000"]
    for _ in range(2):  # from journals, then from the index
        listing = store.listing()
        assert [each.run for each in listing.summaries] == ["20260101T000000Z-0000"]
        assert len(listing.skipped) == 5
    for none in ("nowhere", "file"):
        assert ids(Store(store.root / none)) == []
        assert Store(store.root / none).listing() == ([], frozenset(), frozenset(), [])


def test_a_run_is_found_by_its_id_its_beginning_latest_or_its_directory(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for run in ("20260101T000000Z-00aa", "20260102T000000Z-00aa", "20260102T000000Z-00bb"):
        keep(store, run)
    for reference, run in {
        "20260101T000000Z-00aa": "20260101T000000Z-00aa",
        "20260101": "20260101T000000Z-00aa",
        "20260102T000000Z-00b": "20260102T000000Z-00bb",
        "latest": "20260102T000000Z-00bb",
        str(store.root / "20260102T000000Z-00aa"): "20260102T000000Z-00aa",
    }.items():
        assert store.open(reference).id == run
        assert store.leads_to_run(reference)
    with pytest.raises(RunReferenceError, match="ambiguous: 20260102T000000Z-00bb, 20260102T000000Z-00aa"):
        store.open("20260102")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "20260102").mkdir()  # the directory of a plan
    with pytest.raises(RunReferenceError) as caught:
        store.open("20260102")
    assert caught.value.hint == "write more of its id; the plan is `./20260102`"
    for none in ("", "20270101", "plan", "../x", "^", "^-1", "@best", str(tmp_path)):
        with pytest.raises(RunReferenceError, match="there is no such run"):
            store.open(none)
    assert not any(map(store.leads_to_run, ("", "plan", "plan.yaml", "20270101", str(tmp_path))))
    keep(store, "20260103T000000Z-00aa").write_text("{")
    with pytest.raises(RunReferenceError, match="its journal is damaged"):
        store.open("20260103")


def test_runs_are_counted_back_from_the_latest(store: Store) -> None:
    with pytest.raises(RunReferenceError, match="no run is kept"):
        store.open("^1")
    keep(store, "20260101T000000Z-0000", "succeeded", plan="other")
    keep(store, "20260102T000000Z-0000", "succeeded")
    keep(store, "20260103T000000Z-0000", "succeeded", environment="rehearsal")
    keep(store, "20260104T000000Z-0000", "failed")
    keep(store, "20260105T000000Z-0000", "succeeded", purpose="down")
    for reference, plan, day in [
        ("^0", None, 4), ("^1", None, 3), ("^3", None, 1), ("^1", "test", 3), ("^2", "test", 2),
        ("@good", None, 2), ("@good", "other", 1),
    ]:  # fmt: skip
        assert store.open(reference, plan).id == f"2026010{day}T000000Z-0000"
    with pytest.raises(RunReferenceError, match=r"'\^3': so many runs of plan 'test' are not kept"):
        store.open("^3", "test")
    with pytest.raises(
        RunReferenceError, match=r"^no real run of plan 'none' that came up as a whole is kept"
    ):
        store.open("@good", "none")
    with pytest.raises(RunReferenceError, match="made of several runs, and this takes one"):
        store.open("@median")


def test_like_runs_are_whole_and_have_in_common_what_decides_their_time(store: Store) -> None:
    names = [f"2026010{i}T000000Z-0000" for i in range(1, 10)]
    keep(store, names[0], "succeeded")
    unlike: list[dict[str, Any]] = [
        {"mode": "eager"}, {"environment": "rehearsal"}, {"hosts": {"default": "ssh://far"}},
        {"plan": "other"}, {"machine": e.Machine("Linux", 64, 4.0)}, {"outcome": "failed"},
    ]  # fmt: skip
    for name, more in zip(names[1:7], unlike, strict=True):
        keep(store, name, **{"outcome": "succeeded", **more})
    keep(store, names[7], "succeeded", digest="edited")
    keep(store, names[8], "succeeded")
    latest = store.open("latest")
    assert [run.id for run in store.like(latest)] == [names[7], names[0]]
    assert [run.id for run in store.like(latest, limit=1)] == [names[7]]
    assert [run.id for run in store.select("@median")] == [names[8], names[7], names[0]]
    assert [run.id for run in store.select("@median", like=latest)] == [names[7], names[0]]
    assert [run.id for run in store.select("^1")] == [names[7]]
    with pytest.raises(RunReferenceError, match="no other run like 20260102T000000Z-0000 is kept"):
        store.select("@median", like=store.open(names[1]))


def test_the_newest_runs_are_learnt_from(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"2026010{i}T000000Z-0000" for i in range(1, 4)]
    for run in names:
        keep(store, run)
    keep(store, "20260104T000000Z-0000", environment="rehearsal")
    keep(store, "20260105T000000Z-0000").write_text("{")

    def learnt(**more: Any) -> list[str]:
        states = store.recent_states("test", "kind", **more)
        return [state.started.run for state in states if state.started]

    assert learnt() == names[::-1]
    assert learnt(limit=2) == names[:0:-1]
    assert learnt(current=names[2]) == names[1::-1]
    with (store.root / names[1] / EVENTS).open("a") as file:
        file.write("\n" * 5000)
    monkeypatch.setattr(module, "_MOST_BYTES", 5000)
    assert learnt() == [names[2], names[0]]


def test_runs_of_the_same_mode_are_learnt_from_where_there_are_such(store: Store) -> None:
    names = [f"2026010{i}T000000Z-0000" for i in range(1, 4)]
    for run, mode in zip(names, ("parallel", "eager", "parallel"), strict=True):
        keep(store, run, mode=mode)

    def learnt(mode: str) -> list[str]:
        states = store.recent_states("test", "kind", mode=mode)
        return [state.started.run for state in states if state.started]

    assert learnt("parallel") == [names[2], names[0]]
    assert learnt("eager") == [names[1]]
    assert learnt("sequential") == names[::-1]
