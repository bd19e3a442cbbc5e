"""Each rule with a plan that shows it and one that does not; and savings that are right."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.plan.writing import CLUSTER, HEAD, STEPS, load, marked, one_step, one_task, write
from tui.cli import main
from tui.plan.lint import lint

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tui.plan.lint import Remark


NAMESPACE = "{kind: kubernetes.namespace, names: a}"
WAIT = "{kind: kubernetes.wait, rollouts: deployment/x, namespace: a, timeout: 1m}"
BUILD = "{kind: image.build, tag: made, context: image}"


def steps(*given: str) -> str:
    """A plan of one task with steps, each written in one line."""
    return one_task("", CLUSTER, "        steps:\n" + "".join(f"          - {step}\n" for step in given))


def tasks(phases: Mapping[str, str], top: str = CLUSTER) -> str:
    """A plan of tasks of one step: `b a` is task b, which needs a; `|b` is one that begins a phase."""
    text, ids = "", 0
    for task, step in phases.items():
        if not text or task.startswith("|"):
            text += f"  - id: phase-{ids}\n    tasks:\n"
            ids += 1
        id_, *needs = task.lstrip("|").split()
        text += (
            f"      - id: {id_}\n        needs: [{', '.join(needs)}]\n        steps:\n          - {step}\n"
        )
    return f"{HEAD}{top}phases:\n{text}"


def shell(line: str) -> str:
    return steps("▶{kind: command, shell: " + repr(line) + "}")


def script(*lines: str, at: str = "▶") -> str:
    return steps(at + '{kind: command, shell: "' + "\\n".join(lines) + '"}')


def kind(config: str) -> str:
    return f"▶{{kind: kind.create, config: {{kind: Cluster, apiVersion: kind.x-k8s.io/v1alpha4, {config}}}}}"


NOTHING = "{kind: command, shell: x}"
SHOWN = {
    "a manifest that is no YAML": (
        "manifest-broken",
        steps("▶{kind: kubernetes.apply, manifests: [namespace.yaml, bad.yaml]}", WAIT),
    ),
    "manifests without an object": (
        "manifest-broken",
        steps("▶{kind: kubernetes.apply, manifests: nothing.yaml}"),
    ),
    "a key that stands twice": ("key-twice", steps("▶{kind: kubernetes.apply, manifests: twice.yaml}")),
    "a value that stands twice": (
        "key-twice",
        steps("▶{kind: helm.install, release: a, chart: db, files: twice.yaml}"),
    ),
    "a key of kubeadm's that stands twice": ("key-twice", steps("▶{kind: kind.create, config: kind.yaml}")),
    "a name that the cluster does not get": ("name-not-used", steps(kind("name: other"))),
    "a file for nodes that is not there": (
        "mount-missing",
        steps(kind("nodes: [{extraMounts: [{hostPath: audit/none.yaml, containerPath: /etc/audit.yaml}]}]")),
    ),
    "such a key in the plan itself": (
        "key-twice",
        steps("▶{kind: kind.create, config: {kind: Cluster, apiVersion: kind.x-k8s.io/v1alpha4, "
        "nodes: [{role: control-plane, kubeadmConfigPatches: ['{kind: InitConfiguration, a: 1, a: 2}']}]}}"),
    ),
    "an image that the node pulls though it was loaded": (
        "pulled-always",
        steps(
            BUILD.replace("made", "made/web"),
            "{kind: image.deliver, images: made/web}",
            "▶{kind: kubernetes.apply, manifests: web.yaml, substitute: true}",
        ).replace("cluster:", "variables: {image: 'made/web:latest', policy: null}\ncluster:"),
    ),
    "such an image with a tag": (
        "pulled-always",
        steps(
            BUILD.replace("made", "'made/web:1'"),
            "{kind: image.deliver, images: 'made/web:1'}",
            "▶{kind: kubernetes.apply, manifests: web.yaml, substitute: true}",
        ).replace("cluster:", "variables: {image: 'docker.io/made/web:1', policy: Always}\ncluster:"),
    ),
    "a name that nothing fills in": (
        "not-filled-in",
        steps("▶{kind: kubernetes.apply, manifests: dollar.yaml}"),
    ),
    "a directory beside the chart's": ("chart-broken", steps("▶{kind: helm.install, release: a, chart: .}")),
    "a chart without its dependency": (
        "chart-broken",
        steps("▶{kind: helm.install, release: a, chart: web}"),
    ),
    "an archive that is none": ("chart-broken", steps("▶{kind: helm.install, release: a, chart: bad.yaml}")),
    "values that are no YAML": (
        "chart-broken",
        steps("▶{kind: helm.install, release: a, chart: db, files: bad.yaml}"),
    ),
    "a directory that is not for kustomize": (
        "manifest-broken", steps("▶{kind: kubernetes.apply, manifests: {kustomize: image}}")
    ),
    "no images": ("nothing-named", steps("▶{kind: image.pull, images: []}")),
    "image built twice in a task": ("image-built-twice", steps(BUILD, f"▶{BUILD}")),
    "image built twice in two tasks": ("image-built-twice", tasks({"a": BUILD, "b": f"▶{BUILD}"})),
    "two images of one source": ("image-built-twice", steps(BUILD, f"▶{BUILD.replace('made', 'other')}")),
    "two images of one source, its Dockerfile named": (
        "image-built-twice",
        steps(BUILD, "▶{kind: image.build, tag: b, context: image, dockerfile: image/Dockerfile}"),
    ),
    "nothing makes a namespace": ("namespace-missing", steps(f"▶{WAIT}")),
    "nothing makes a manifest's namespace": (
        "namespace-missing", steps("▶{kind: kubernetes.apply, manifests: secret.yaml, substitute: true}")
    ),
    "nothing makes a database's namespace": (
        "namespace-missing",
        steps("▶{kind: postgres.verify, tables: a, connection: "
        "{service: a, namespace: a, user: b, password: c, database: d}}"),
    ),
    "nothing makes a probe's namespace": (
        "namespace-missing",
        steps("▶{kind: kubernetes.probe, manifest: {apiVersion: v1, kind: A, metadata: {namespace: a}}}"),
    ),
    "a secret before its namespace": (
        "namespace-missing", steps("▶{kind: kubernetes.pull_secret, name: s, namespace: a}", NAMESPACE)
    ),
    "a namespace that is not waited for": ("namespace-missing", tasks({"a": NAMESPACE, "b": f"▶{WAIT}"})),
    "swallowed by true": ("failure-swallowed", shell("make x || true")),
    "swallowed by a colon": ("failure-swallowed", shell("make x||:")),
    "swallowed by echo": ("failure-swallowed", shell("make x || echo failed")),
    "swallowed by the last command": ("failure-swallowed", shell("make x; true")),
    "swallowed from now on": ("failure-swallowed", shell("set +e; make x")),
    "swallowed in a shell of its own": (
        "failure-swallowed", steps("▶{kind: command, argv: [/bin/sh, -c, 'make x || true']}")
    ),
    "sleep": ("sleep", shell("sleep 30")),
    "sleep at last": ("sleep", shell("make x && sleep 5m")),
    "an operator in words": ("shell-words", steps("▶{kind: command, argv: [make, x, '&&', make, y]}")),
    "a variable in words": ("shell-words", steps("▶{kind: command, argv: [ls, '$HOME/x']}")),
    "a line in pieces": ("shell-words", steps("▶{kind: command, argv: [sh, -c, echo, hi]}")),
    "a condition of bash": ("only-bash", shell("if [[ -n $X ]]; then make; fi")),
    "a pipe of bash": ("only-bash", shell("set -eo pipefail; make | tee /dev/null")),
    "a line of a script": ("lines-passed-over", script("make x", "make y")),
    "a line after a loop": (
        "lines-passed-over",
        script("for a in b; do", "make $a", "done", "cd x", "make y"),
    ),
    "two lines of four": ("lines-passed-over", script("make x \\\\", "  Y=z", "curl x |", " sh", "make")),
    "sleep as words": ("sleep", steps("▶{kind: command, argv: [sleep, 5]}")),
    "background": ("untimed", shell("serve &")),
    "background in between": ("untimed", shell("serve & make x")),
    "nohup": ("untimed", shell("nohup serve")),
    "one file for two tasks": (
        "shared-output",
        tasks({"a": "{kind: command, shell: 'x >> log'}", "b": "▶{kind: command, shell: 'y | tee -a log'}"}),
    ),
    "background, none of which is waited for": ("untimed", shell("serve pod & x & y")),
    "background in a script": ("untimed", steps("▶{kind: command, argv: [bash, -c, 'setsid serve']}")),
    "a wait by kubectl": ("kubectl-wait", shell("kubectl -n a wait pod/x")),
    "a rollout by kubectl": ("kubectl-wait", shell("make x && kubectl rollout status deploy/x")),
    "a wait by helm": ("helm-wait", shell("helm upgrade --install x ./x --wait --timeout 5m")),
    "another kubeconfig": ("other-cluster", shell("kubectl --kubeconfig ~/.kube/config get pods")),
    "another kubeconfig, by its variable": ("other-cluster", shell("KUBECONFIG=/x helm list")),
    "another kubeconfig, in env": (
        "other-cluster", steps("▶{kind: command, shell: kubectl get pods, env: {KUBECONFIG: /x}}")
    ),
    "no kubeconfig": ("other-cluster", shell("unset KUBECONFIG; kubectl get pods")),
    "another context": ("other-cluster", shell("kubectl --context=production get pods")),
    "another server": ("other-cluster", shell("kubectl --server https://x get pods")),
    "without the variable": ("other-cluster", shell("env -u KUBECONFIG kubectl get pods")),
    "a forwarded port": ("untimed", shell("kubectl port-forward svc/x 8080:80 & curl localhost")),
    "a path before the path": (
        "not-filled-in", one_task("", "environment: {PATH: ▶'/x:$PATH'}\n", f"        steps: [{NOTHING}]\n")
    ),
    "a variable of the shell in a command's": (
        "not-filled-in", steps("{kind: command, shell: x, env: {GOBIN: ▶'${HOME}/bin'}}".replace("${", "$${"))
    ),
    "a URL without quotes": ("untimed", shell("curl http://x?a=1&b=2")),
    "another context for helm": ("other-cluster", shell("helm --kube-context production list")),
    "another context from now on": ("other-cluster", shell("kubectl config use-context production")),
    "an image that is not waited for": (
        "image-missing", tasks({"a": BUILD, "b": "▶{kind: kind.load, images: made}"})
    ),
    "an image that only a later step builds": (
        "image-missing", steps("▶{kind: kind.load, images: made}", BUILD)
    ),
    "waits without end": ("no-timeout", steps("▶{kind: kubernetes.wait, rollouts: deployment/x}")),
    "a cluster that is not waited for": (
        "cluster-missing", tasks({"a": "{kind: kind.create}", "|b": f"▶{NAMESPACE}"}, CLUSTER)
    ),
    "needs twice": ("redundant-need", tasks({"a": NOTHING, "b a ▶a": NOTHING})),
    "needs what another need implies": (
        "redundant-need", tasks({"a": NOTHING, "b a": NOTHING, "c ▶a b": NOTHING})
    ),
    "waits for a phase it does not need": (
        "idle-barrier", tasks({"a": NOTHING, "|b": NOTHING}).replace("- id: b", "- ▶id: b")
    ),
}  # fmt: skip
NOT_SHOWN = {
    "logs after a failure": one_step(
        "{kind: cluster.create}", f"{CLUSTER}failed: [{{kind: cluster.logs, to: logs}}]\n"
    ),
    "what the cluster and its nodes get": steps(
        kind(
            "name: demo, nodes: [{extraMounts: [{hostPath: namespace.yaml, containerPath: /a.yaml},"
            " {hostPath: made, containerPath: /data}]}]"
        ).lstrip("▶"),
        "{kind: kind.delete}",
    ),
    "a cluster that is made anew": tasks(
        {"a": "{kind: kind.delete}\n          - {kind: kind.create}", "b a": NAMESPACE}, CLUSTER
    ),
    "images of different sources": steps(BUILD, "{kind: image.build, tag: b, context: image, target: x}"),
    "a namespace before": steps(NAMESPACE, WAIT, "{kind: kubernetes.apply, manifests: secret.yaml}"),
    "a namespace of a task before": tasks({"a": NAMESPACE, "b a": NOTHING, "c b": WAIT}),
    "a namespace of a manifest": steps("{kind: kubernetes.apply, manifests: namespace.yaml}", WAIT),
    "a namespace of its own manifest": steps(
        "{kind: kubernetes.apply, manifests: [secret.yaml, namespace.yaml], substitute: true}"
    ),
    "a namespace that may be fetched": steps("{kind: kubernetes.apply, manifests: 'https://x/y'}", WAIT),
    "a namespace it may fetch itself": steps(
        "{kind: kubernetes.apply, manifests: 'https://x/y', namespace: a}"
    ),
    "a namespace that is always there": steps(WAIT.replace("namespace: a", "namespace: kube-system")),
    "a chart whose dependency is there by another directory's name": steps(
        "{kind: helm.install, release: a, chart: db}"
    ),
    "a chart whose dependencies a command fetches": steps(
        "{kind: command, shell: helm dependency build web}", "{kind: helm.install, release: a, chart: web}"
    ),
    "manifests of which one has an object": steps(
        "{kind: kubernetes.apply, manifests: [nothing.yaml, namespace.yaml]}"
    ),
    "operators that mean something to a program": steps(
        "{kind: command, argv: [test, a, '>', b]}",
        "{kind: command, argv: [envsubst, '$HOME']}",
        "{kind: command, argv: [bash, -c, '[[ -n $X ]] && make']}",
        "{kind: command, argv: [sh, -c, 'make \"$1\"', make, x]}",
    ),
    "what sh knows": shell('[ -n x ] && make "[[ x" # source'),
    "words in quotes": shell('echo "a || true; sleep 5 & x" && make'),
    "a comment": shell("make x # || true"),
    "an alternative that may fail": shell("make x || make y"),
    "two in a row": shell("make x && make y 2>&1 >&2 &>log"),
    "a loop that polls": shell("until curl -f x; do sleep 1; done"),
    "a program called sleepy": shell("sleepy 5"),
    "words that are no shell": steps("{kind: command, argv: [echo, 'x &', '|| true']}"),
    "one file, one task after the other": tasks(
        {"a": "{kind: command, shell: 'x > log'}", "b a": "{kind: command, shell: 'y > log'}"}
    ),
    "one file in different folders": tasks(
        {
            "a": "{kind: command, shell: 'x > log'}",
            "b": "{kind: command, folder: image, shell: 'y > log'}",
        }
    ),
    "to nowhere": tasks(
        {"a": "{kind: command, shell: 'x >/dev/null'}", "b": "{kind: command, shell: 'y >/dev/null 2>&1'}"}
    ),
    "a timeout of the task": one_task(
        "timeout: 1m", CLUSTER, "        steps: [{kind: kubernetes.wait, rollouts: deployment/x}]\n"
    ),
    "a check that gives up by itself": steps("{kind: http.check, url: 'http://x'}"),
    "background that is waited for": shell("a & b & wait"),
    "a script that ends where a line fails": script("set -eu", "make x", "make y", at=""),
    "the same at length": script("# first", "set -o errexit", "make x", "make y", at=""),
    "a script of one command": script("X=1", "export Y=2", "echo make && \\\\", "  make x", at=""),
    "lines that say what then": script("cd x || exit 1", "make y || exit 1", "make z", at=""),
    "a script that is a function and a condition": script(
        "f() {", "make x", "}", "if [ -f x ]; then", "f", "fi", at=""
    ),
    "a comment with an apostrophe": shell("make x # don't & that's it"),
    "a text below": steps(r'{kind: command, shell: "cat <<EOF >x\na & b || true\nEOF"}'),
    "the plan's own kubeconfig": shell("kubectl --kubeconfig config --context kind-demo get pods"),
    "the kubeconfig that a command gets": shell('kubectl --kubeconfig "$KUBECONFIG" get pods'),
    "a kubeconfig that is handed on": shell("export KUBECONFIG; docker run -e KUBECONFIG=/x -e KUBECONFIG y"),
    "arithmetic": shell("test $(( a & 1 )) = 0"),
    "all of the output": shell("a >& log; b &>> log; c |& d; e <&3 3<&-"),
    "an escaped sign": steps(r"{kind: command, shell: 'echo a\&b'}"),
    "a context that is no cluster": shell("docker --context remote ps"),
    "an option in a text": shell("kubectl get x || echo-it 'give --context production'"),
    "a loaded image that is taken": steps(
        BUILD.replace("made", "made/web"),
        "{kind: image.deliver, images: made/web}",
        "{kind: kubernetes.apply, manifests: web.yaml, substitute: true}",
    ).replace("cluster:", "variables: {image: made/web, policy: IfNotPresent}\ncluster:"),
    "a loaded image that a registry has": steps(
        "{kind: image.pull, images: 'made/web:latest'}",
        "{kind: image.deliver, images: made/web}",
        "{kind: kubernetes.apply, manifests: web.yaml, substitute: true}",
    ).replace("cluster:", "variables: {image: made/web, policy: null}\ncluster:"),
    "an image that is there": steps(BUILD, "{kind: kind.load, images: [made, 'redis:7']}"),
    "a namespace that helm may make": steps(
        "{kind: command, shell: helm install x --create-namespace}", WAIT
    ),
    "a sign in a variable's text": steps("{kind: command, shell: x, env: {A: '^a$', B: 'p$w', C: '$5'}}"),
    "needs of two kinds": tasks({"a": NOTHING, "b": NOTHING, "c a b": NOTHING}),
    "a phase all of which it needs": tasks({"a": NOTHING, "b": NOTHING, "|c a b": NOTHING}),
    "a barrier for one at a time": tasks({"a": NOTHING, "|b": NOTHING}, "limit: 1\n"),
}


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


def barrier_plan(phases: list[list[list[str]]]) -> str:
    """A plan by each phase's tasks, each by its needs; the tasks are called t0, t1, …"""
    text, count = "", 0
    for p, phase in enumerate(phases):
        text += f"  - id: p{p}\n    tasks:\n"
        for needs in phase:
            text += f"      - id: t{count}\n        needs: [{', '.join(needs)}]\n{STEPS}"
            count += 1
    return f"{HEAD}phases:\n{text}"


def ends(
    phase_of: dict[str, int], needs: dict[str, list[str]], seconds: dict[str, float], *, eager: bool
) -> dict[str, float]:
    """When each task ends, by asking each for its latest predecessor, over and over until nothing moves."""
    found = dict.fromkeys(needs, 0.0)
    while True:
        before = dict(found)
        for id_, own in needs.items():
            barrier = [] if eager else [other for other in needs if phase_of[other] < phase_of[id_]]
            found[id_] = seconds[id_] + max((found[other] for other in [*own, *barrier]), default=0.0)
        if found == before:
            return found


@st.composite
def barrier_plans(draw: st.DrawFn) -> list[list[list[str]]]:
    phases: list[list[list[str]]] = []
    count = 0
    for size in draw(st.lists(st.integers(1, 3), min_size=2, max_size=4)):
        phase = []
        for _ in range(size):
            ids = [f"t{i}" for i in range(count)]
            phase.append(draw(st.lists(st.sampled_from(ids), max_size=2, unique=True)) if ids else [])
            count += 1
        phases.append(phase)
    return phases


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(phases=barrier_plans(), times=st.lists(st.integers(0, 50), min_size=12, max_size=12))
def test_savings_are_what_the_changed_plan_saves(
    phases: list[list[list[str]]], times: list[int], tmp_path: Path
) -> None:
    loaded = load(tmp_path, barrier_plan(phases))
    phase_of = {task.id: p for p, phase in enumerate(loaded.plan.phases) for task in phase.tasks}
    needs = {task.id: list(task.needs) for task in loaded.plan.tasks}
    seconds = {id_: float(times[i]) for i, id_ in enumerate(needs)}
    now, eager = (ends(phase_of, needs, seconds, eager=mode) for mode in (False, True))
    remarks = {r.text.split("'")[1]: r for r in lint(loaded, seconds) if r.rule == "idle-barrier"}
    for id_ in needs:
        if now[id_] == eager[id_]:
            assert id_ not in remarks
    for id_, remark in remarks.items():
        assert now[id_] > eager[id_]
        moves = {}
        for phase in range(max((phase_of[n] for n in needs[id_]), default=0), phase_of[id_]):
            moved = ends(phase_of | {id_: phase}, needs, seconds, eager=False)
            moves[f"p{phase}"] = (max(now.values()) - max(moved.values()), now[id_] - moved[id_])
        if found := re.search(
            r"in phase '(.+)' it would start (.+) s sooner, which saves (.+) s", remark.text
        ):
            assert moves[found[1]] == (float(found[3]), float(found[2]))
            assert moves[found[1]] == max(moves.values())
            assert remark.hint.startswith(f"move it to phase '{found[1]}'")
        else:
            assert max((saved for saved, _ in moves.values()), default=0) <= 0
            assert f"with --mode eager it could start {now[id_] - eager[id_]:.1f} s sooner" in remark.text
            assert remark.hint == "use --mode eager"


def test_no_savings_are_told_that_would_be_wrong(tmp_path: Path) -> None:
    [remark] = lint(load(tmp_path, barrier_plan([[[]], [[]]])), {"t0": 5.0})
    assert "sooner" not in remark.text


def test_savings_keep_the_plans_limit(tmp_path: Path) -> None:
    text = barrier_plan([[[], []], [[]]]).replace(HEAD, HEAD + "limit: 2\n")
    [remark] = lint(load(tmp_path, text), {"t0": 5.0, "t1": 9.0, "t2": 5.0})
    assert "it would start 4.0 s sooner, which saves 4.0 s in all" in remark.text


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


def test_a_tenth_of_a_second_is_no_advice(tmp_path: Path) -> None:
    loaded = load(tmp_path, barrier_plan([[[]], [[]]]))
    assert lint(loaded, {"t0": 0.1, "t1": 50.0}) == []


def test_lint_reads_what_no_longer_is_there_without_a_traceback(folder: Path) -> None:
    loaded = load(folder, steps("{kind: kubernetes.apply, manifests: [secret.yaml, namespace.yaml]}"))
    (folder / "namespace.yaml").unlink()
    assert lint(loaded) == []
