from __future__ import annotations

import pytest

from tui.clients.kubernetes.messages import shorten

TEMPLATE = (
    'core.PodTemplateSpec{ObjectMeta:v1.ObjectMeta{Name:"", Labels:map[string]string{"a":"}{"}, '
    "ManagedFields:[]v1.ManagedFieldsEntry(nil)}, Spec:core.PodSpec{Volumes:[]core.Volume(nil), "
    'Containers:[]core.Container{core.Container{Name:"a", Args:[]string{"say \\"}\\""}, '
    'Ports:(*int32)(0xc0)}}, RestartPolicy:"Never", SecurityContext:(*core.P)(0xc00a), '
    "Overhead:map[v1.ResourceName]"
    "resource.Quantity(nil)}}"
)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            f'Job.batch "a" is invalid: spec.template: Invalid value: {TEMPLATE}: field is immutable',
            'Job.batch "a" is invalid: spec.template: field is immutable',
        ),
        (
            'X "a" is invalid: [spec.a: Invalid value: v1.LabelSelector{MatchLabels:map[string]string{'
            '"app":"a", "tier":"b"}, MatchExpressions:[]v1.R(nil)}: field is immutable, '
            "spec.b: Required value]",
            'X "a" is invalid: [spec.a: field is immutable, spec.b: Required value]',
        ),
        (
            'X "a" is invalid: spec: Invalid value: {"a":"' + "x" * 80 + '"}: must not',
            'X "a" is invalid: spec: must not',
        ),
        (
            'Deployment "a" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
            'Deployment "a" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
        ),
        (
            "failed to create typed patch object: .env[0].value: expected string, got "
            "&value.valueUnstructured{Value:5432}",
            "failed to create typed patch object: .env[0].value: expected string, got 5432",
        ),
        (
            'Secret in version "v1" cannot be handled: v1.Secret.StringData: ReadString: expects " or n, but '
            'found 1, error found in #10 byte of ...|"pin":1,"a":"hush|..., bigger context ...|x":"hus|...',
            'Secret in version "v1" cannot be handled: v1.Secret.StringData: ReadString: expects " or n, but '
            "found 1",
        ),
        ("Object 'Kind' is missing in '{\"a\":\"hush\"}'", "Object 'Kind' is missing"),
        (f"spec: Invalid value: {TEMPLATE[:200]}", "spec: Invalid value: …"),
        ("x" * 5000, "x" * 1000 + "…"),
        ("", ""),
    ],
)
def test_refusals_say_the_reason_alone(said: str, shown: str) -> None:
    assert shorten(said) == shown
