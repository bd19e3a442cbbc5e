"""Failures known by their text: what programs say is recognised by what helps most."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from tui.cli import main
from tui.plan.failures import KNOWN
from tui.plan.recognition import applies, hint_for, recognise
from tui.plan.retry import Retry

SAID = {
    "unexpected status: 503 Service Unavailable": "server-error",
    "GET https://x/release.yaml answered 502": "server-error",
    "unexpected HTTP/1.1 504": "server-error",
    "received unexpected HTTP status: 500 Internal Server Error": "server-error",
    "the server is currently unable to handle the request": "server-error",
    'Get "https://127.0.0.1:80/version": tls: first record does not look like a TLS handshake': "plain-http",
    "toomanyrequests: You have reached your pull rate limit": "rate-limit",
    "ErrImagePull: unexpected status code 429 Too Many Requests": "rate-limit",
    "dial tcp 127.0.0.1:5432: connect: connection refused": "connection",
    "Get https://x/v2/: net/http: TLS handshake timeout": "connection",
    "read tcp 10.0.0.1:443: i/o timeout": "connection",
    "the connection to me@box:2222 was lost: it was cut": "connection",
    "me@box cannot be used: it refuses the connection": "connection",
    "dial tcp: lookup x on 127.0.0.53:53: no such host": "dns",
    "dial tcp: lookup demo-control-plane on 10.89.0.1:53: no such host": "node-names",
    "Temporary failure resolving 'mirror.example'": "dns",
    "curl: (6) Could not resolve host: x": "dns",
    "E: Failed to fetch http://x/y.deb  502  Bad Gateway": "package-mirror",
    "E: Unable to fetch some archives, maybe run apt-get update": "package-mirror",
    'Internal error occurred: failed calling webhook "w": connect: connection refused': "webhook",
    "ctr: content digest sha256:12: not found": "content-digest",
    "ERROR: failed to lock config file: open config.lock: file exists": "kubeconfig-lock",
    "Bind for 0.0.0.0:8081 failed: port is already allocated": "port-taken",
    "listen tcp 127.0.0.1:80: bind: address already in use": "port-taken",
    "too many open files": "inotify",
    "failed to create fsnotify watcher": "inotify",
    "write /var/lib/x: no space left on device": "disk-full",
    "0/1 nodes had untolerated taint {node.kubernetes.io/disk-pressure: }": "disk-full",
    "Back-off pulling image: ImagePullBackOff": "image-pull",
    "manifest unknown: manifest unknown": "image-pull",
    "CrashLoopBackOff": "crash-loop",
    "inotify_add_watch(7, /sys) failed: no space left on device": "inotify",
    "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?": (
        "engine-down"
    ),
    "dial unix /var/run/docker.sock: connect: permission denied": "engine-permission",
    "client version 1.22 is too old. Minimum supported API version is 1.24": "engine-version",
    "could not find an available, non-overlapping IPv4 address pool among the defaults": "address-pool",
    'ERROR: node(s) already exist for a cluster with the name "demo"': "cluster-exists",
    'ERROR: no nodes found for cluster "demo"': "no-cluster",
    'ERROR: image: "demo:1" not present locally': "image-absent",
    "The connection to the server localhost:8080 was refused - did you specify the right host?": (
        "no-kubeconfig"
    ),
    'resource mapping not found for name: "x": no matches for kind "Task" in version "tekton.dev/v1"': (
        "kind-unknown"
    ),
    "Error: INSTALLATION FAILED: cannot re-use a name that is still in use": "helm-name",
    "UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress": "helm-pending",
    "standard_init_linux.go:228: exec user process caused: exec format error": "processor",
    "Unable to connect to the server: x509: certificate signed by unknown authority": "certificate",
}


SAID_TO = {
    ("pod", "web: ErrImagePull\nrpc error: 429 Too Many Requests"): "rate-limit",
    ("pod", "OOMKilled\nCrashLoopBackOff"): "out-of-memory",
    ("pod", "ErrImagePull\nfailed to resolve x:latest: no such host\nimagePullPolicy: Always"): "pull-always",
    ("pod", "ImagePullBackOff\nBack-off pulling x:1\nimagePullPolicy: IfNotPresent"): "pod-image",
    ("pod", "InvalidImageName"): "image-name",
    ("pod", "ErrImageNeverPull"): "pull-never",
    ("pod", 'CreateContainerConfigError\nsecret "x" not found'): "container-config",
    ("pod", "CreateContainerConfigError\nservices have not yet been read at least once"): "kubelet-behind",
    (
        "pod",
        "CreateContainerConfigError\ncontainer has runAsNonRoot and image will run as root",
    ): "runs-as-root",
    ("pod", "CreateContainerConfigError\ncouldn't find key A in Secret default/db"): "secret-key",
    ("pod", "Failed: Evicted: The node was low on resource: memory."): "evicted",
    ("pod", 'RunContainerError\nexec: "/start.sh": permission denied'): "container-start",
    ("pod", 'warning: FailedMount: SetUp failed for volume "c" : configmap "a" not found'): "volume-missing",
    ("pod", "warning: FailedCreatePodSandBox: plugin type=calico failed"): "network-plugin",
    ("pod", 'Unschedulable: persistentvolumeclaim "data" not found'): "claim-missing",
    (
        "pod",
        "Unschedulable: 0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.",
    ): "claim-unbound",
    ("pod", "Unschedulable: 0/1 nodes are available: 1 Insufficient cpu."): "resources",
    ("pod", "Unschedulable: 0/1 nodes are available: 1 node(s) didn't match node selector."): "unschedulable",
    ("kubernetes.apply", 'status 404: namespaces "shop" not found'): "namespace-missing",
    (
        "kubernetes.apply",
        "status 403: namespace shop because it is being terminated",
    ): "namespace-terminating",
    ("kubernetes", 'status 500: conversion webhook for x/v1, Kind=Y failed: Post "": EOF'): "webhook",
    ("kubernetes", 'status 400: admission webhook "x" denied the request: no'): "webhook-denied",
    ("kubernetes", 'status 403: pods "a" is forbidden: exceeded quota: small'): "quota",
    ("kubernetes", "status 422: Job is invalid: spec.template: field is immutable"): "immutable",
    (
        "kubernetes",
        "status 422: spec: Forbidden: updates to statefulset spec for fields other than",
    ): "immutable",
    (
        "kubernetes",
        "status 409: Precondition failed: UID in precondition: 1, UID in object meta: 2",
    ): "server-fields",
    ("kubernetes", "status 400: metadata.managedFields must be nil"): "server-fields",
    ("kubernetes", "status 409: metadata.resourceVersion: the object has been modified"): "server-fields",
    ("kubernetes", "status 500: failed to convert: illegal base64 data at input byte 3"): "no-base64",
    ("kubernetes", "You may need to run `helm dependency build`"): "helm-dependencies",
    ("kubernetes", "values don't meet the specifications of the schema(s) in the following chart(s)"): (
        "helm-schema"
    ),
    ("kubernetes", "pre-install hooks failed: 1 error occurred: * job failed: BackoffLimitExceeded"): (
        "helm-hook"
    ),
    ("command", "failed post-install: timed out waiting for the condition"): "helm-hook",
    ("kubernetes", 'ConfigMap "x" exists and cannot be imported: invalid ownership metadata'): (
        "helm-ownership"
    ),
    ("kubernetes", "chart requires kubeVersion: >=1.35.0 which is incompatible with v1.32.0"): "helm-version",
    ("kubernetes", "library charts are not installable"): "helm-library",
    ("kustomize", "security; file '/a/secret.txt' is not in or below '/a/overlay'"): "kustomize-outside",
    ("kustomize", "trouble configuring HelmChartInflationGenerator: must specify --enable-helm"): (
        "kustomize-helm"
    ),
    ("kustomize", "may not add resource with an already registered id: ConfigMap.v1.[noGrp]/x"): (
        "kustomize-twice"
    ),
    ("kustomize", "no matches for Id Deployment.v1.apps/y.[noNs]; failed to find unique target"): (
        "kustomize-patch"
    ),
    ("kustomize", "cycle detected: candidate root '/a' contains visited root '/a'"): "kustomize-circle",
    ("kubernetes", "Chart.yaml file is missing"): "helm-no-chart",
    ("pod", "a: running\nwarning: Unhealthy: Readiness probe failed: dial tcp: connection refused"): "probe",
    ("kubernetes", 'status 422: ConfigMap "$A" is invalid: metadata.name: Invalid value: "$A": a'): (
        "not-filled-in"
    ),
    ("kubernetes", 'status 422: Pod "a" is invalid: spec.image: Invalid value: "${IMAGE}"'): "not-filled-in",
    ("kubernetes", "status 500: failed to create typed patch object: .a: expected numeric (int or float)"): (
        "not-number"
    ),
    ("kubernetes", "status 500: failed to convert: quantities must match the regular expression '^x'"): (
        "quantity"
    ),
    ("kubernetes", "service/a .status.loadBalancer.ingress[0].ip: the value is not there yet"): (
        "load-balancer"
    ),
    ("kubernetes", "WaitForFirstConsumer: waiting for first consumer to be created before binding"): (
        "claim-waits"
    ),
    ("kubernetes", "job/a failed: DeadlineExceeded: Job was active longer than specified"): "job-deadline",
    ("kubernetes", "job/a failed: BackoffLimitExceeded: Job has reached the limit"): "job-backoff",
    ("kubernetes", "error unpacking subchart x in y: Chart.yaml file is missing"): "helm-no-chart",
    ("command", "file 'x.tgz' does not appear to be a gzipped archive; got 'text/html'"): "helm-archive",
    ("kubernetes", "validation: chart.metadata.version is required"): "helm-chart",
    ("kubernetes", "cannot load values.yaml: error converting YAML to JSON: yaml: line 1: tab"): "helm-chart",
    ("kubernetes", "failed to parse v.yaml: error unmarshaling JSON: while decoding JSON"): "helm-values",
    ("kubernetes", "repo bitnami not found"): "helm-named",
    ("kubernetes", "invalid chart URL format: 127.0.0.1:1/"): "helm-address",
    ("command", 'UPGRADE FAILED: "web" has no deployed releases'): "helm-undeployed",
    ("kubernetes", "failed to authorize: failed to fetch oauth token: 401 Unauthorized"): "helm-login",
    ("kubernetes", 'error validating data: unknown object type "nil" in ConfigMap.data.a'): "no-value",
    ("kubernetes", "create: failed to create: Request entity too large: limit is 3145728"): "too-large",
    ("kubernetes", 'failed to create resource: namespaces "x" not found'): "namespace-missing",
    ("kubernetes", 'failed to create resource: Deployment.apps "x" is invalid: spec.a: Required'): "invalid",
    ("command", 'Error from server (AlreadyExists): namespaces "x" already exists'): "exists-already",
    ("kubernetes", 'secrets is forbidden: User "x" cannot list resource "secrets"'): "forbidden",
    ("kubernetes", 'chart "web" version "9" not found in https://x.example repository'): "helm-repository",
    ("kubernetes", "execution error at (a/t.yaml:1:6): give it a host"): "helm-template",
    ("kubernetes", "YAML parse error on a/t.yaml: error converting YAML to JSON"): "helm-template",
    ("kubernetes", 'template: a/t.yaml:3:27: executing "a/t.yaml" at <.Values.x.y>: nil'): "helm-template",
    ("kubernetes", "status 500: failed to create typed patch object: .a: expected string, got 1"): "not-text",
    ("kubernetes", 'status 500: .env: duplicate entries for key [name="A"]'): "same-key",
    ("kubernetes", 'status 400: strict decoding error: unknown field "spec.x"'): "unknown-field",
    ("kubernetes", "status 500: etcdserver: request is too large"): "too-large",
    ("kubernetes", "status 409: Operation cannot be fulfilled"): "conflict",
    ("kubernetes", 'status 422: Service "a" is invalid: spec.ports: Required value'): "invalid",
    ("kubernetes", "status 500: failed to create typed patch object: .spec.x: wrong"): "invalid",
    ("kubernetes", "status 401: Unauthorized"): "unauthorized",
    (
        "kubernetes",
        'status 403: pods "p" is forbidden: error looking up account: serviceaccount "b" not found',
    ): "service-account",
    ("kubernetes", 'status 403: configmaps is forbidden: User "u" cannot list'): "forbidden",
    **{
        ("kubernetes", f"status 422: X is invalid: {text}"): "immutable"
        for text in (
            "roleRef: Invalid value: rbac.RoleRef{}: cannot change roleRef",
            "parameters: Forbidden: updates to parameters are forbidden.",
            "spec: Forbidden: pod updates may not change fields other than `spec.tolerations`",
            "spec.clusterIPs[0]: Invalid value: []string{}: may not change once set",
            "spec: Forbidden: updates to statefulset spec for fields other than 'replicas' are forbidden",
        )
    },
    ("kubernetes", "status 422: spec.ports[0].nodePort: provided port is already allocated"): "node-port",
    ("kubernetes", 'status 422: status.storedVersions[0]: Invalid value: "v1alpha1"'): "stored-version",
    ("kubernetes", "status 422: data: Too long: may not be more than 1048576 bytes"): "too-large",
    ("kubernetes", "status 403: maximum memory usage per Container is 1Gi, but limit is 2Gi"): "quota",
    ("pod", "Scheduling is blocked due to non-empty scheduling gates"): "scheduling-gate",
    ("pod", 'corresponding condition of pod readiness gate "x/y" does not exist'): "readiness-gate",
    ("postgres", "(28P01)"): "database-login",
    ("postgres", "(25001)"): "in-transaction",
    ("postgres", "(42501)"): "database-privilege",
    ("postgres", "(42P07)"): "table-exists",
    ("postgres", 'unsafe use of new value "b" of enum type e (55P04)'): "enum-value",
    ("postgres", 'extension "vector" is not available (0A000)'): "extension-absent",
    ("postgres", "function uuid_generate_v4() does not exist (42883)"): "extension-first",
    ("postgres", 'type "citext" does not exist (42704)'): "extension-first",
    ("image.build", "W: Failed to fetch http://x/y  Could not resolve 'x'"): "build-mirror",
    ("image.build", "dockerfile parse error line 2: unknown flag: link"): "buildkit",
    ("image.build", 'failed to parse platform : "" is an invalid component of "": expected'): "buildkit",
    ("image.build", "resolve image config for docker.io/x: no such host"): "build-frontend",
    ("image.build", "failed to solve: dockerfile parse error on line 2: unknown flag: x"): "buildkit-version",
    ("image.build", "exporter does not currently support exporting manifest lists"): "build-platforms",
    ("image.build", 'no builder "far" found'): "builder",
    ("image.build", "invalid empty ssh agent socket: make sure SSH_AUTH_SOCK is set"): "build-ssh-agent",
    ("image.build", "COPY failed: file not found in build context"): "build-file",
    (
        "image.build",
        "failed to create endpoint x on network bridge: could not find bridge docker0: no such interface",
    ): "build-network",
    ("image.build", "COPY failed: forbidden path outside the build context: ../x ()"): "build-outside",
    ("image.build", "base name (${BASE}) should not be blank"): "build-base",
    ("build", "RUN --mount=type=secret,id=npm,required=true x\nsecret npm: not found"): "build-mount",
    ("build", 'RUN --mount=type=ssh,required=true x\nno SSH key "" forwarded from the client'): "build-mount",
    ("image.build", "invalid from flag value debian:$V: invalid reference format"): "build-from",
    ("image.build", 'failed to parse stage name "debian:$V": invalid reference format'): "build-from",
    ("image.build", "variable expansion is not supported for --from, define a new stage"): "build-from",
    ("image.build", "failed to reach build target x in Dockerfile"): "build-target",
    ("image.build", "failed to create LLB definition: target stage x could not be found"): "build-target",
    ("image.build", "the Dockerfile (deploy/Dockerfile) cannot be empty"): "build-empty",
    ("build", "/bin/sh: 1: make: not found"): "build-program",
    ("build", "/bin/bash: line 1: make: command not found"): "build-program",
    ("build", 'runc create failed: exec: "/bin/sh": stat /bin/sh: no such file or directory'): "no-program",
    ("command", "sh: 1: set: Illegal option -o pipefail\nexited with status 2"): "bash",
    ("command", "sh: 1: [[: not found\nexited with status 127"): "bash",
    ("command", 'sh: 1: Syntax error: "(" unexpected'): "bash",
    ("command", "sh: 1: cannot open /dev/tty: No such device or address"): "no-terminal",
    ("command", "sudo: a terminal is required to read the password; either use -S"): "no-terminal",
    ("command", "the input device is not a TTY"): "no-terminal",
    ("command", "Killed\nexited with status 137"): "killed",
    ("command", "sh: 1: helm: not found\nexited with status 127"): "program-absent",
    ("command", "sh: 1: ./x: Permission denied\nexited with status 126"): "not-executable",
    ("kind.create", "ERROR: file should only be one line, got 0 lines"): "podman-output",
    (
        "kind.create",
        'could not find a log line that matches "Reached target .*Multi-User System.*"',
    ): "node-systemd",
    ("kind.create", "failed to init node: cgroup mountpoint does not exist"): "cgroup",
    ("k3d", "unknown flag: --kubeconfig-update-default"): "k3d-version",
    ("k3d.create", "Schema Validation failed for config file k3d.yaml: - agents: Invalid type"): "k3d-config",
    ("k3d.create", "open /proc/sys/net/netfilter/nf_conntrack_max: permission denied"): "k3s-conntrack",
    (
        "k3d.create",
        "Node k3d-demo-server-0 failed to get ready: error waiting for log line `k3s is up and running`",
    ): "k3s-restarts",
    ("kind.create", "cannot expose privileged port 80: listen tcp4: permission denied"): "privileged-port",
    (
        "kind.create",
        "error: json: cannot unmarshal object into Go struct field X.kubeletExtraArgs of type []v1beta4.Arg",
    ): "kubeadm-config",
    (
        "kind.create",
        "demo: kubelet: unrecognized feature gate: ValidatingAdmissionPolicy",
    ): "kubernetes-setting",
    (
        "kind.create",
        "demo: kube-apiserver: Error: loading audit policy file: read /etc/audit.yaml: is a directory",
    ): "api-server-file",
    (
        "kind.create",
        "demo: containerd: invalid plugin config: `mirrors` cannot be set when `config_path` is provided",
    ): "containerd-settings",
    ("kind.create", "[kubelet-check] The kubelet is not healthy\n(required cgroups disabled)"): "kubelet",
    ("kind.create", "running kind with rootless provider requires cgroup v2"): "rootless",
    ("kind.create", "all predefined address pools have been fully subnetted"): "address-pool",
    ("kind.create", "Pool overlaps with other one on this address space"): "address-overlap",
    ("kind.create", "can't initialize ip6tables table `nat': Table does not exist"): "ip6tables",
    ("kind.create", 'The container name "/demo-control-plane" is already in use'): "container-name",
    ("kind.create", 'invalid mount config for type "bind": bind source path does not exist: /x'): (
        "mount-source"
    ),
    ("kind.create", 'exec: "docker": executable file not found in $PATH'): "engine-program",
    ("kind.create", "unknown apiVersion: kind.x-k8s.io/v1alpha5"): "kind-version",
    ("kind.create", "unable to decode config: yaml: unmarshal errors"): "kind-config",
    ("kind.create", 'error getting credentials - err: exec: "docker-credential-desktop": executable'): (
        "login-helper"
    ),
    ("kind.load", "Got permission denied while trying to connect to the Docker daemon"): "engine-permission",
    (
        "kind.create",
        'ERROR: failed to create cluster: failed to pull image "kindest/node:v9": exit status 1\n'
        "Error response from daemon: Get https://r/v2/: lookup r: no such host",
    ): "registry-unreachable",
    (
        "kind.create",
        'failed to pull image "kindest/node:v9"\nmanifest for kindest/node:v9 not found: manifest unknown',
    ): "image-missing",
    (
        "kind.create",
        'failed to pull image "x"\nx509: certificate signed by unknown authority',
    ): "registry-certificate",
    ("kind.create", 'ERROR: failed to pull image "kindest/node:v9": exit status 1'): "node-image",
    ("kind.create", "WARNING: Timed out waiting for Ready"): "control-plane",
    ("image.pull", "unauthorized: authentication required"): "registry-login",
    (
        "image.push",
        'Get "https://r.example:5000/v2/": http: server gave HTTP response to HTTPS client',
    ): "registry-plain-http",
    ("image.pull", "no matching manifest for linux/arm64 in the manifest list entries"): "image-platform",
    ("image.pull", "failed to unpack image: no match for platform in manifest: not found"): "image-platform",
    (
        "image.push",
        "image with reference x was found but does not provide the specified platform: not found",
    ): "image-platform",
    ("image.pull", "repository demo does not exist"): "image-other",
    ("command", "dial tcp: lookup x: no such host"): "dns",
    ("command", "bash: script.sh: No such file or directory\nexited with status 127"): "where-it-runs",
    ("command", "make: *** No rule to make target 'x'.  Stop."): "where-it-runs",
    ("command", "ModuleNotFoundError: No module named 'x'"): "python-module",
    ("command", "EOFError: EOF when reading a line"): "no-terminal",
    ("command", "it was ended by signal SIGKILL"): "killed",
    ("command", "Failed to connect to 127.0.0.1 port 1 after 0 ms: Couldn't connect to server"): "connection",
    ("command", 'Error from server (NotFound): namespaces "shop" not found'): "namespace-missing",
    ("command", "error: timed out waiting for the condition on deployments/x"): "rollout-timeout",
    ("pod", 'exec: "serve": executable file not found in $PATH: unknown'): "no-program",
    ("pod", "0/1 nodes are available: 1 node(s) had untolerated taint {x/disk-pressure: }."): "disk-full",
    ("pod", "0/1 nodes had untolerated taint {node.kubernetes.io/not-ready: }."): "no-node-ready",
    ("pod", "0/1 nodes are available: 1 node(s) didn't have free ports for the pod."): "pod-port",
}


@pytest.mark.parametrize(("scope", "text", "name"), [(*key, name) for key, name in SAID_TO.items()])
def test_what_is_said_of_a_step_is_recognised_there(scope: str, text: str, name: str) -> None:
    found = recognise(text, scope)
    assert found is not None
    assert found.hint == KNOWN[name].hint


@pytest.mark.parametrize(
    "text", ["(28P01)", "status 409: x", "is immutable", "OOMKilled", "cgroup", "unauthorized", "EOF"]
)
def test_what_is_said_elsewhere_is_not_taken_for_it(text: str) -> None:
    assert hint_for(text) == hint_for(text, "command") == ""


@pytest.mark.parametrize(("text", "name"), SAID.items())
def test_what_programs_say_is_recognised(text: str, name: str) -> None:
    assert recognise(f"some line\n{text}\nanother") is KNOWN[name]
    assert applies((name,), text) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "installed 429 packages in 503 ms",
        "client rate limiter Wait returned an error: context deadline exceeded",
        "exit status 1",
        "could not resolve the revision",
        'relation "audit_events" does not exist',
        "failed to fetch the row",
    ],
)
def test_other_texts_are_not(text: str) -> None:
    assert recognise(text) is None


def test_every_known_failure_has_an_example_and_is_listed_with_its_hint() -> None:
    assert {*SAID.values(), *SAID_TO.values()} == set(KNOWN)
    listed = CliRunner().invoke(main, ["plan", "failures"]).output.splitlines()
    assert [line.split("  ")[0] for line in listed] == list(KNOWN)
    assert all(signature.hint for signature in KNOWN.values())


def test_a_retry_applies_to_what_it_names_alone() -> None:
    retry = Retry.model_validate({"signatures": ["dns", {"pattern": "flaky [a-z]+"}]})
    assert applies(retry.signatures, "a flaky test") == "flaky [a-z]+"
    assert applies(retry.signatures, "lookup x: no such host") == "dns"
    assert applies(retry.signatures, "connection refused") is None
