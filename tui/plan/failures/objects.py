"""What the API server answers of objects, after its status, and what kustomize and helm say of them."""

from __future__ import annotations

from tui.plan.signature import Known, known

OBJECTS: dict[str, Known] = {
    "namespace-missing": known(
        r"(?:status 404|\(NotFound\)).*\bnamespaces? \"|\bnamespaces? \"[^\"]+\" not found",
        "the namespace must exist first: apply it, or put a `kubernetes.namespace` step before this one",
        "kubernetes",
        "command",
    ),
    "namespace-terminating": known(
        "being terminated",
        "the namespace is being deleted: wait until it is gone, then try again",
        "kubernetes",
    ),
    "webhook": known(
        "failed calling webhook|conversion webhook for .+? failed|no endpoints available for service",
        "a webhook is not answering yet although its Deployment is Available: "
        "put a `kubernetes.probe` step before this one",
    ),
    "webhook-denied": known(
        "admission webhook .* denied the request|violates PodSecurity",
        "a policy of the cluster refuses the object: change what the message names, or the policy",
        "kubernetes",
    ),
    "quota": known(
        r"exceeded quota|failed quota|must specify limits"
        r"|(?:maximum|minimum) \S+ (?:usage|limit to request ratio) per",
        "raise the namespace's ResourceQuota or LimitRange, or change what the object requests",
        "kubernetes",
    ),
    "not-filled-in": known(
        r"""is invalid: [^\n]*Invalid value: \\?"[^"]*(?:\$[{(\w]|\{\{)""",
        "fill it in: write ${name} of the plan's variables, and `substitute: true` in the step",
        "kubernetes",
    ),
    "immutable": known(
        r"immutable|may not change once set|updates to \S+ spec for fields other than"
        r"|updates to \S+ are forbidden|updates may not change fields|cannot change roleRef"
        "|spec is invalid after creation|may not be changed|cannot be changed",
        "a field of an object that exists cannot be changed: delete the object, then apply it anew",
        "kubernetes",
    ),
    "server-fields": known(
        r"resourceVersion|managedFields|Precondition failed: UID|\buid mismatch\b",
        "the manifest has fields that only the server writes: "
        "remove uid, resourceVersion and managedFields from its metadata",
        "kubernetes",
    ),
    "not-text": known(
        "expected string, got|into Go .{1,200} of type string|ReadString: expects",
        "put quotes around the value that the message names: it must be text",
        "kubernetes",
    ),
    "no-value": known(
        "unknown object type .?nil",
        'a value in the manifest is empty: give the field one, or an empty text, "", or take it out',
        *("kubernetes", "command"),
    ),
    "not-number": known(
        "expected (?:numeric|bool)|cannot unmarshal string into Go .{1,200} of type (?:u?int|float|bool)",
        "take the quotes away from the value that the message names: it must be a number, or true or false",
        "kubernetes",
    ),
    "quantity": known(
        "quantities must match the regular expression|unable to parse quantity",
        "write quantities without blanks: 500m or 1.5 of CPUs, 128Mi or 1Gi of memory",
        *("kubernetes", "command"),
    ),
    "same-key": known(
        "duplicate entries for key",
        "two entries of a list have the same name or port: remove one of them",
        "kubernetes",
    ),
    "unknown-field": known(
        "unknown field|field not declared in schema",
        "correct the field's name and its place in the manifest: kubectl explain lists what a kind has",
        "kubernetes",
    ),
    "too-large": known(
        r"request (?:entity )?(?:is )?too large|status 413\b|message larger than max"
        r"|Too long: (?:must have at most|may not be (?:more|longer) than)",
        "the object is too large for the API server: split it",
        "kubernetes",
    ),
    "node-port": known(
        "provided (?:port|IP) is already allocated",
        "another Service has it (kubectl get services -A): take another one, or leave it to the cluster",
        "kubernetes",
    ),
    "stored-version": known(
        r"status\.storedVersions\[\d+\]: Invalid",
        "objects may be kept in a version that the CRD's manifest has no more: leave it in spec.versions, or "
        "delete the CRD with all its objects",
        "kubernetes",
    ),
    "conflict": known(
        r"status 409\b",
        "another program changes the same object: stop it, or leave it the fields that are named",
        "kubernetes",
    ),
    "no-base64": known(
        "illegal base64 data",
        "write plain text under `stringData`, or encode it as base64",
        "kubernetes",
    ),
    "kustomize-outside": known(
        "is not in or below",
        "kustomize takes files of its own directory alone: move the file there, or have the step make the"
        " ConfigMap or Secret (`configmap:`, `secret:`)",
        *("kustomize", "command"),
    ),
    "kustomize-helm": known(
        "must specify --enable-helm",
        "install the chart by a `helm.install` step, and take `helmCharts` out",
        *("kustomize", "command"),
    ),
    "kustomize-twice": known(
        "already registered id",
        "two resources are the same object: take one out, or give each its `namePrefix` or namespace",
        *("kustomize", "command"),
    ),
    "kustomize-patch": known(
        "no matches for Id|no resource matches|unable to find unique target",
        "the patch must name kind, name and namespace of one of the resources, as they are before changes",
        *("kustomize", "command"),
    ),
    "kustomize-circle": known(
        "cycle detected", "a kustomization may not take itself in: take that resource out", "kustomize"
    ),
    "helm-no-chart": known(
        r"Chart\.yaml file is missing",
        "name the directory that itself has the Chart.yaml; one that is called like a chart of a repository"
        " is taken for that",
        *("kubernetes", "command"),
    ),
    "helm-archive": known(
        "does not appear to be a gzipped archive|(?:gzip|tar): invalid|chart archive",
        "the archive is damaged, or a page that a server sent: fetch it again (`helm pull`)",
        *("kubernetes", "command"),
    ),
    "helm-chart": known(
        r"validation: chart\.metadata|cannot load \S+\.yaml|error unpacking|error evaluating symlink"
        r"|double-star .* not supported",
        "correct the chart's files as the message says: `helm lint CHART` finds more",
        *("kubernetes", "command"),
    ),
    "helm-values": known(
        r"failed to parse \S+: error (?:converting|unmarshaling)|failed parsing --set",
        "correct that file of values: it must be a YAML mapping, name: value",
        *("kubernetes", "command"),
    ),
    "helm-named": known(
        r"\brepo \S+ not found|non-absolute URLs should be in form|no repo named",
        "name the chart as it is called in its repository, and that by its URL (`repository: https://…`,"
        " `--repo`); a chart of this machine by its directory",
        *("kubernetes", "command"),
    ),
    "helm-address": known(
        "invalid chart URL format|could not find protocol handler|missing registry host",
        "write the whole address: https://… of a repository, oci://… of a registry",
        *("kubernetes", "command"),
    ),
    "helm-undeployed": known(
        "has no deployed releases",
        "its first installation failed: `helm uninstall` the release, then try again",
        *("kubernetes", "command"),
    ),
    "helm-login": known(
        r"failed to (?:authorize|download|fetch|perform|do request)\b.*(?:unauthorized|denied|\b40[13]\b)"
        r"|(?:unauthorized|denied|\b40[13]\b).*oci://",
        "log in to the chart's registry (`helm registry login HOST`), and check its name and your access",
        *("kubernetes", "command"),
    ),
    "helm-dependencies": known(
        "missing in charts/ directory|helm dependency (?:build|update)",
        "get the chart's dependencies by a `command` step before this one: `helm dependency build CHART`",
        *("kubernetes", "command"),
    ),
    "helm-schema": known(
        "don't meet the specifications of the schema",
        "correct the values that are named: the chart's values.schema.json says what it takes",
        *("kubernetes", "command"),
    ),
    "helm-hook": known(
        r"(?:pre|post)-(?:install|upgrade|rollback|delete)\b.*(?:failed|timed out)"
        r"|failed (?:pre|post)-(?:install|upgrade)",
        "a hook of the chart failed, most often a Job: `kubectl logs job/NAME` says why, if it is kept",
        *("kubernetes", "command"),
    ),
    "load-balancer": known(
        r"loadBalancer\S*: the value is not there yet",
        "kind gives Services no addresses by itself: bring MetalLB or cloud-provider-kind up, or reach it by "
        "a NodePort or by `forwards`",
        "kubernetes",
    ),
    "claim-waits": known(
        "waiting for first consumer",
        "the claim is bound once a pod uses it, as its StorageClass has it: wait for that pod in its place",
        "kubernetes",
    ),
    "job-deadline": known(
        "DeadlineExceeded: Job was active longer",
        "raise the Job's activeDeadlineSeconds, or see in its pods' last lines what takes so long",
        "kubernetes",
    ),
    "job-backoff": known(
        "BackoffLimitExceeded",
        "its pods have failed and are gone: with `restartPolicy: Never` they stay, with their last lines",
        "kubernetes",
    ),
    "helm-ownership": known(
        "invalid ownership metadata",
        "the object that is named was made by other means: delete it, or leave it out of one of the two",
        *("kubernetes", "command"),
    ),
    "helm-version": known(
        "chart requires kubeVersion",
        "name a `version` of the chart that is for the cluster's Kubernetes, or another node image",
        *("kubernetes", "command"),
    ),
    "helm-library": known(
        "library charts are not installable",
        "name the chart that uses it: a library has only templates for others",
        *("kubernetes", "command"),
    ),
    "helm-repository": known(
        r"is not a valid chart repository|not found in \S+ (?:index|repository)|no chart version found"
        r"|no chart name found|improper constraint",
        "check the chart's name, its `version` and `repository`: `helm search repo --versions` lists them",
        *("kubernetes", "command"),
    ),
    "helm-template": known(
        r"template: \S+:\d+:\d+: executing|(?:execution|parse) error at \(|YAML parse error on",
        "correct the template, or give it the value that it names: `values` or `files` of the step",
        *("kubernetes", "command"),
    ),
    "invalid": known(
        r"status 422\b|failed to (?:create (?:typed|manager)|convert)|\S+ \"[^\"]+\" is invalid: ",
        "correct the field that the message names: kubectl explain says what it takes",
        "kubernetes",
    ),
    "unauthorized": known(
        r"status 401\b",
        "the kubeconfig's user is not known to this cluster: is it an earlier cluster's kubeconfig?",
        "kubernetes",
    ),
    "service-account": known(
        r'serviceaccount "[^"]+" not found',
        "apply the service account before the pods that use it, or correct its name",
        "kubernetes",
    ),
    "exists-already": known(
        r"\b\S+ \"[^\"]+\" already exists",
        "it is there already: apply it in place of creating it, or delete it first",
        *("kubernetes", "command"),
    ),
    "forbidden": known(
        r"status 403\b|is forbidden: User", "the kubeconfig's user may not do this", "kubernetes"
    ),
}
