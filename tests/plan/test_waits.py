from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.plan.writing import MARK, faults_of, load, marked, one_step, write

if TYPE_CHECKING:
    from pathlib import Path

WRONG = {
    "▶{kind: kubernetes.wait, timeout: 1m}": (
        "steps, item 1: the step waits for nothing",
        "give it one of: rollouts, jobs, pods, nodes, conditions, values, gone",
    ),
    "{kind: kubernetes.wait, jobs: ▶deployment/x}": (
        "jobs: 'deployment/x' is not the name of a Job",
        "lower-case letters and digits, with - between them",
    ),
    "{kind: kubernetes.wait, pods: ▶''}": ("pods: '' does not select pods by their labels", "write app=web"),
    "{kind: kubernetes.wait, pods: [app, '!a', 'a notin (b, c),d=e', ▶=]}": (
        "pods, item 4: '=' does not select pods by their labels",
        "write app=web",
    ),
    "{kind: kubernetes.wait, pods: ▶pod/web-0}": (
        "pods: 'pod/web-0' does not select pods by their labels",
        "wait for a pod by its name with conditions: {object: pod/web-0, is: Ready}",
    ),
    "{kind: kubernetes.wait, pods: ▶all}": (
        "pods: 'all' does not select pods by their labels",
        'write "!job-name" for all pods but those of Jobs',
    ),
    "{kind: kubernetes.wait, rollouts: ▶rollout/web}": (
        "rollouts: 'rollout/web' is not deployment/NAME, statefulset/NAME or daemonset/NAME",
        "wait for anything else by its conditions: {object: rollout/web, is: Ready}",
    ),
    "{kind: kubernetes.wait, rollouts: ▶web}": (
        "rollouts: 'web' is not deployment/NAME, statefulset/NAME or daemonset/NAME",
        "write the kind before the name, as kubectl does",
    ),
    "{kind: kubernetes.wait, nodes: [all, ▶A b]}": (
        "nodes, item 2: 'A b' is not the name of a node",
        "`all`, or lower-case",
    ),
    "{kind: kubernetes.wait, conditions: {object: pod/x, is: ▶condition=Ready}}": (
        "is: 'condition=Ready' is not a condition",
        "write Ready",
    ),
    "{kind: kubernetes.patch, objects: node/x, json: [▶{op: replace, path: /a}]}": (
        "json, item 1: the operation replace lacks its 'value'",
        "add `value: …`",
    ),
    "{kind: kubernetes.patch, objects: node/x, json: [▶{op: [], path: /a}]}": (
        "json, item 1: this is not an operation of JSON Patch",
        "write {op: replace",
    ),
    "{kind: kubernetes.apply, manifests: ▶5}": (
        "manifests: text or a mapping is expected here, not 5",
        "Files, directories",
    ),
    "{kind: kubernetes.wait, conditions: {object: ▶web, is: Ready}}": (
        "object: 'web' does not name an object",
        "write KIND/NAME or KIND.GROUP/NAME",
    ),
    "{kind: kubernetes.wait, conditions: {object: pod/x, is: ▶Ready=}}": (
        "is: 'Ready=' is not a condition",
        "write Ready, or Ready=False",
    ),
    "{kind: kubernetes.wait, values: {object: pod/x, path: ▶'.a['}}": (
        "path: '.a[' is not a path to a value, at '['",
        "write it as for kubectl: {.status.phase}",
    ),
    "{kind: kubernetes.wait, values: {object: pod/x, path: .a, ▶wants: 1}}": (
        "unknown key 'wants'",
        "known here: is, object, path",
    ),
    "{kind: kubernetes.wait, ▶job: x}": ("unknown key 'job'", "did you mean 'jobs'?"),
}


@pytest.mark.parametrize("step", WRONG)
def test_what_is_wrong_with_a_wait_is_told_with_its_place(tmp_path: Path, step: str) -> None:
    path = write(tmp_path, text := one_step(step))
    fault = faults_of(path)[0]
    cause, hint = WRONG[step]
    assert fault.place == marked(text, fault.place.file)[0]
    assert fault.cause == cause
    assert fault.hint.startswith(hint)
    assert MARK not in fault.cause


def test_a_wait_is_described_by_what_it_waits_for(tmp_path: Path) -> None:
    step = (
        "{kind: kubernetes.wait, rollouts: deploy/a, jobs: [job/b], pods: app=c, nodes: all, gone: po/d,"
        " conditions: {object: crt/e, is: Ready}, values: {object: po/f, path: .status.phase, is: Running}}"
    )
    loaded = load(tmp_path, one_step(step))
    assert loaded.plan.tasks[0].steps[0].describe() == (
        "kubernetes.wait deployment/a, job/b, pods app=c, all nodes, crt/e Ready, po/f .status.phase, no po/d"
    )
