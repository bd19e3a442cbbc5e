"""Plans that show what a rule of lint remarks on, and some that only look like it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.plan.writing import CLUSTER, HEAD, one_step, one_task

if TYPE_CHECKING:
    from collections.abc import Mapping

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
