"""Each rule remarks on the plan that shows it, and not on one that only looks like it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from tests.plan.lint_corpus import (
    NAMESPACE,
    NOT_SHOWN,
    NOTHING,
    SHOWN,
    WAIT,
    shell,
    steps,
    tasks,
)
from tests.plan.writing import load, marked, one_step, write
from tui.cli import main
from tui.plan.lint import lint

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tui.plan.lint import Remark


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "FROM scratch\n", "image/Dockerfile")
    write(tmp_path, "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n", "namespace.yaml")
    write(tmp_path, "a: b: c\n", "bad.yaml")
    write(tmp_path, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: $NAME}\n", "dollar.yaml")
    twice = "data: {a: b}\nmore: [{a: 1}, {a: 2, b: {a: 1}}]\ndata: {c: d}\n"
    write(tmp_path, f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\n{twice}", "twice.yaml")
    patch = "kubeadmConfigPatches: ['{kind: ClusterConfiguration, a: 1, a: 2}']\n"
    write(tmp_path, f"kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n{patch}", "kind.yaml")
    pod = "{containers: [{name: web, image: '${image}', imagePullPolicy: ${policy}}]}"
    write(tmp_path, f"apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {pod}\n", "web.yaml")
    write(tmp_path, "# nothing\n---\n", "nothing.yaml")
    write(
        tmp_path, "name: web\nversion: 1.0.0\ndependencies: [{name: redis, version: 1.x}]\n", "web/Chart.yaml"
    )
    write(tmp_path, "name: db\nversion: 1.0.0\ndependencies: [{name: pg, version: 1.x}]\n", "db/Chart.yaml")
    write(tmp_path, "name: pg\nversion: 1.0.0\n", "db/charts/any/Chart.yaml")
    secret = "{apiVersion: v1, kind: Secret, metadata: {namespace: a, name: b}}"
    listed = f"# one\n---\nkind: List\nitems: [{secret}]\n---\n# nothing\n--- # another\n"
    write(tmp_path, listed, "secret.yaml")
    return tmp_path


@pytest.mark.parametrize(("rule", "text"), SHOWN.values(), ids=SHOWN)
def test_a_rule_is_shown_where_it_is_broken(rule: str, text: str, folder: Path) -> None:
    remarks = lint(load(folder, text))
    assert [remark.rule for remark in remarks] == [rule]
    assert [remark.place for remark in remarks] == marked(text, "plan.yaml")
    assert remarks[0].text
    assert remarks[0].hint


@pytest.mark.parametrize("text", NOT_SHOWN.values(), ids=NOT_SHOWN)
def test_what_only_looks_like_it_is_not_remarked_on(text: str, folder: Path) -> None:
    assert lint(load(folder, text)) == []


def _of_namespaces(folder: Path, text: str) -> list[Remark]:
    return [remark for remark in lint(load(folder, text)) if remark.rule == "namespace-missing"]


def command(line: str) -> str:
    return f"{{kind: command, shell: {line!r}}}"


@pytest.mark.parametrize(
    "line",
    [
        "kubectl create ns a",
        "make x && kubectl create namespace a --dry-run=client -o yaml | kubectl apply -f -",
        "kubectl create -o yaml namespace a",
        "/usr/bin/helm upgrade -i web ./web --create-namespace -n a",
        "helm repo update; helm install web ./web --namespace=a --create-namespace",
        "kubectl create ns b\nkubectl create ns 'a'",
    ],
)
def test_what_a_command_is_seen_to_make_is_to_be_waited_for(line: str, folder: Path) -> None:
    [fault] = _of_namespaces(folder, tasks({"first": command(line), "then": WAIT}))
    assert fault.text == "uses namespace 'a', but does not wait for task 'first', which makes it"
    assert fault.hint == "add 'first' to the needs of 'then'"


@pytest.mark.parametrize(
    "line",
    [
        "kubectl create ns b",
        "kubectl create ns $NAMESPACE",
        "kubectl delete ns a",
        "kubectl create deployment ns --image a",
        "helm install web ./web -n a",
        "helm install web ./web --create-namespace; helm list -n a",
        "echo kubectl create",
        "kubectl create '' ns a",
    ],
)
def test_what_a_command_may_make_besides_is_not_guessed(line: str, folder: Path) -> None:
    [fault] = _of_namespaces(folder, tasks({"first": command(line), "then": WAIT}))
    assert fault.text == "uses namespace 'a', which nothing before it makes"
    assert _of_namespaces(folder, tasks({"first": command(line), "|then": WAIT})) == []


def test_a_namespace_that_only_phases_order_is_advice(folder: Path) -> None:
    [advice] = _of_namespaces(folder, tasks({"a": NAMESPACE, "|b": WAIT}))
    assert advice.level == "advice"
    assert advice.text.endswith("in eager mode they may meet")
    assert advice.hint == "add 'a' to the needs of 'b'"


@pytest.mark.parametrize(
    ("files", "causes"),
    [
        ({"1_a.sql": "-- +goose Up\nSELECT 1;\n"}, []),
        ({"1_a.sql": "CREATE TABLE a ();\n", "2_b.sql": "-- +goose Up\n"}, ["1_a.sql"]),
        ({"1_a.sql": "-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n"}, ["StatementEnd"]),
        ({"1_a.sql": "-- +goose Up\nSELECT 1;\n", "01_b.sql": ""}, ["two migrations have version 1"]),
        ({"notes.txt": ""}, ["no migrations in"]),
    ],
)
def test_migrations_that_would_be_refused_are_told(
    files: Mapping[str, str], causes: list[str], folder: Path
) -> None:
    for name, text in files.items():
        write(folder, text, f"sql/{name}")
    connection = "{service: db, namespace: a, user: u, password: p, database: d}"
    step = f"{{kind: postgres.migrate, connection: {connection}, migrations: sql, timeout: 1m}}"
    found = [each for each in lint(load(folder, steps(step))) if each.rule == "wrong-migrations"]
    assert len(found) == len(causes)
    assert all(cause in each.text for cause, each in zip(causes, found, strict=True))


def test_a_part_of_a_plan_is_linted_with_the_whole(folder: Path) -> None:
    part = write(folder, "phases: [{id: a, tasks: [{id: b, needs: c, steps: [{kind: kind.delete}]}]}]")
    done = CliRunner().invoke(main, ["plan", "lint", str(part)])
    assert done.exit_code == 2
    assert done.output.count("error:") == 1
    assert "lint the plan that includes it" in done.output


def test_the_command_ends_with_1_where_something_will_bite(folder: Path) -> None:
    write(folder, SHOWN["sleep"][1], "bringup.yaml")
    result = CliRunner().invoke(main, ["plan", "lint"])
    assert result.exit_code == 1
    assert "bringup.yaml:9:13: fault: sleeps in place of a probe [sleep]\n  hint: wait for" in result.output
    write(folder, one_step(NOTHING), "bringup.yaml")
    result = CliRunner().invoke(main, ["plan", "lint"])
    assert (result.exit_code, result.output) == (0, "nothing to remark\n")


@pytest.mark.parametrize(
    ("line", "choice"),
    [
        ("unset KUBECONFIG; kubectl get pods", "unset KUBECONFIG"),
        ("KUBECONFIG=/x kubectl get pods", "KUBECONFIG=/x"),
        ("kubectl --context prod get pods", "--context prod"),
        ("helm --kubeconfig=/x list", "--kubeconfig=/x"),
    ],
)
def test_another_cluster_is_told_as_it_is_written(line: str, choice: str, folder: Path) -> None:
    [remark] = lint(load(folder, shell(line)))
    assert remark.text == f"uses another cluster than the plan's: {choice}"


def test_lint_reads_what_no_longer_is_there_without_a_traceback(folder: Path) -> None:
    loaded = load(folder, steps("{kind: kubernetes.apply, manifests: [secret.yaml, namespace.yaml]}"))
    (folder / "namespace.yaml").unlink()
    assert lint(loaded) == []
