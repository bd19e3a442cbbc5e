"""What a command is about, resolved from what was asked for and from the kept runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.plans import started
from tui.launch.request import Request, UsageError
from tui.launch.specification import resolve_plan, resolve_run, resolve_up
from tui.plan.load import load_plan
from tui.run import events as e
from tui.run.journal import Journal
from tui.run.outline import outline
from tui.run.store import RunReferenceError, Store

if TYPE_CHECKING:
    from collections.abc import Sequence

PLAN = """
apiVersion: bringup/v1
name: kept
variables: {cluster: one, token: "", word: hello, text: ""}
secrets: [token]
cluster: {name: "${cluster}", kubeconfig: "./${cluster}.config"}
hosts: {builder: "ssh://builder"}
phases:
  - id: all
    tasks:
      - {id: a, steps: [{kind: command, shell: "echo ${word}"}]}
      - {id: b, needs: a, steps: [{kind: command, shell: "echo b"}]}
      - {id: c, steps: [{kind: command, shell: "echo c"}]}
      - {id: d, needs: b, steps: [{kind: command, shell: "echo d"}]}
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BRINGUP_HOST", raising=False)
    (tmp_path / "bringup.yaml").write_text(PLAN)
    return Store(tmp_path / "runs")


def keep(
    store: Store, run: str, settings: Sequence[str] = (), done: str = "abcd", trusted: str = "", **more: Any
) -> str:
    """Keep a run of the plan in which some tasks were done and others were taken as done."""
    files = [Path(file) for file in more.get("files", ())]
    loaded = load_plan(Path("bringup.yaml"), files, settings)
    first = replace(
        started(loaded.plan), run=run, path=str(loaded.path.resolve()), digest=loaded.digest,
        environment="kind", settings=tuple(settings), phases=outline(loaded.plan), cluster="one",
    )  # fmt: skip
    journal = Journal(store.root / run)
    journal.append(replace(first, **more))
    for task in trusted:
        journal.append(e.TaskKept(0.0, task, ""))
    for task in done:
        journal.append(e.AttemptStarted(0.0, task, 1))
        journal.append(e.TaskFinished(5.0, task, "succeeded"))
    journal.close()
    return run


def test_down_and_status_go_by_the_run_that_is_named(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("values.yaml").write_text("word: from-file")
    values = str(Path("values.yaml").resolve())
    run = keep(store, "20260101T000000Z-0000", ["cluster=two", "text=a=b"], cluster="two", files=(values,))
    keep(store, "20260102T000000Z-0000", hosts={"default": "ssh://far"})
    monkeypatch.setenv("BRINGUP_HOST", "ssh://usual")
    other = store.root.parent / "elsewhere"
    other.mkdir()
    monkeypatch.chdir(other)
    found = resolve_run(Request(plan=run), store)
    assert found.plan.clusters[""].name == "two"
    assert (found.plan.variables["word"], found.plan.variables["text"]) == ("from-file", "a=b")
    assert found.hosts == {"builder": "ssh://builder", "default": "local"}
    assert resolve_run(Request(plan=run, host="ssh://asked"), store).hosts["default"] == "ssh://asked"
    assert resolve_run(Request(plan="20260102"), store).hosts["default"] == "ssh://far"


def test_a_plan_stands_for_its_latest_run_with_the_same_values(store: Store) -> None:
    keep(store, "20260101T000000Z-0000", ["cluster=two"], cluster="two", hosts={"default": "ssh://two"})
    keep(store, "20260102T000000Z-0000", hosts={"default": "ssh://one"})
    keep(store, "20260103T000000Z-0000", environment="rehearsal")
    for request, run, host in (
        (Request(), "20260102T000000Z-0000", "ssh://one"),
        (Request(settings=("cluster=two",)), "20260101T000000Z-0000", "ssh://two"),
        (Request(settings=("cluster=three",)), None, None),
    ):
        found = resolve_run(request, store)
        assert (found.run and found.run.id) == run
        assert found.hosts.get("default") == host


def test_a_mended_plan_with_the_same_values_is_that_of_its_run_still(store: Store) -> None:
    keep(store, "20260101T000000Z-0000", ["word=x", "token=•••"], hosts={"default": "ssh://far"})
    Path("bringup.yaml").write_text(PLAN.replace("echo d", "echo more"))
    found = resolve_run(Request(settings=("word=x", "token=s3cret")), store)
    assert found.hosts["default"] == "ssh://far"


def test_doctor_looks_at_the_plan_and_not_at_its_latest_run(store: Store) -> None:
    run = keep(store, "20260101T000000Z-0000", ["token=•••"], hosts={"default": "ssh://far"})
    assert "default" not in resolve_plan(Request(), store).hosts
    with pytest.raises(UsageError, match="a secret"):
        resolve_plan(Request(plan=run), store)


def test_a_plan_that_names_another_cluster_by_now_is_taken_as_it_is(store: Store) -> None:
    keep(store, "20260101T000000Z-0000", hosts={"default": "ssh://far"})
    Path("bringup.yaml").write_text(PLAN.replace("cluster: one", "cluster: other"))
    found = resolve_run(Request(), store)
    assert found.run is None
    assert "default" not in found.hosts


def test_a_rehearsal_tells_nothing_of_hosts(store: Store) -> None:
    keep(store, "20260103T000000Z-0000", environment="rehearsal")
    found = resolve_run(Request(usual_host="ssh://usual"), store)
    assert found.run is not None
    assert found.hosts["default"] == "ssh://usual"


def test_a_secret_that_a_run_was_given_is_asked_for_and_not_guessed(store: Store) -> None:
    run = keep(store, "20260101T000000Z-0000", ["token=•••", "cluster=one"])
    with pytest.raises(UsageError, match="was given 'token', a secret, which is not kept") as caught:
        resolve_run(Request(plan=run), store)
    assert caught.value.hint == f"name the run, and give it again: {run} --set token=…"
    found = resolve_run(Request(plan=run, settings=("token=again",)), store)
    assert found.plan.variables["token"] == "again"


def test_a_run_whose_plan_names_another_cluster_by_now_is_not_taken_down(store: Store) -> None:
    run = keep(store, "20260101T000000Z-0000")
    Path("bringup.yaml").write_text(PLAN.replace("cluster: one", "cluster: live"))
    with pytest.raises(UsageError, match="run 20260101T000000Z-0000 was of cluster 'one'"):
        resolve_run(Request(plan=run), store)


@pytest.mark.parametrize(
    ("old", "new", "done"),
    [
        ("", "", "abc"),
        ("echo d", "echo more", "abc"),
        ("echo c", "echo more", "ab"),
        ("echo b", "echo more", "ac"),
        ("word: hello", "word: bye", "c"),  # what `a` says is another, and `b` needs it
        ("cluster: one", "cluster: two", ""),
        ("{id: c, ", "{id: c, title: C, ", "ab"),
    ],
)
def test_of_a_mended_plan_only_what_is_the_same_counts_as_done(
    store: Store, old: str, new: str, done: str
) -> None:
    run = keep(store, "20260101T000000Z-0000", done="abc")
    Path("bringup.yaml").write_text(PLAN.replace(old, new, 1))
    assert resolve_up(Request(resume="latest"), store).done == dict.fromkeys(done, run)


def test_nothing_is_resumed_that_no_run_has_done(store: Store) -> None:
    keep(store, "20260101T000000Z-0000", done="c", trusted="abd")
    assert resolve_up(Request(resume="latest"), store).done == {"c": "20260101T000000Z-0000"}
    keep(store, "20260102T000000Z-0000", done="b", trusted="acd")
    assert resolve_up(Request(resume="latest"), store).done == {}  # `b` needs `a`


def test_a_part_of_the_tasks_is_selected(store: Store) -> None:
    assert resolve_up(Request(only=("b", "b")), store).done == dict.fromkeys("acd", "")
    assert resolve_up(Request(begin="d"), store).done == dict.fromkeys("abc", "")
    run = keep(store, "20260101T000000Z-0000", done="ab")
    assert resolve_up(Request(resume=run, only=("d",)), store).done == {"a": run, "b": run, "c": ""}
    with pytest.raises(UsageError, match="--from e: the plan has no such task"):
        resolve_up(Request(begin="e"), store)


def test_a_run_to_resume_that_is_not_there_is_told_with_what_to_do(store: Store) -> None:
    for reference, hint in {
        "latest": "run `bringup up` without --resume",
        "bringup.yaml": "name the plan first: bringup up bringup.yaml --resume",
        "2026": "`bringup runs` lists the runs that are kept",
    }.items():
        with pytest.raises(RunReferenceError, match="--resume: ") as caught:
            resolve_up(Request(resume=reference), store)
        assert caught.value.hint == hint
