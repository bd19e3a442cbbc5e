"""The catalogue of known failures: what programs and servers say, and what helps against it.

A newly known failure is one entry in `KNOWN`. Its name can stand under a task's `retry.signatures`: a retry
names the failures that it applies to, since one that applies to all hides flakes and destroys the diagnosis.
"""

from __future__ import annotations

from tui.plan.signature import Known, known

_STATUS = r"\b(?:status|http(?:/\d(?:\.\d)?)?|code|answered)\W{0,3}(?:code\W{0,3})?"

# The first entry that a text shows is taken: what says more of the cause stands above what says less.
KNOWN: dict[str, Known] = {
    "rate-limit": known(
        rf"toomanyrequests|too many requests|rate.limit(?!er)|{_STATUS}429\b",
        "the server limits pulls: log in to it (`docker login`), or wait for the limit to pass",
    ),
    "inotify": known(
        "too many open files|inotify_(?:init|add_watch)|failed to create fsnotify watcher",
        "raise the limits: sudo sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=512",
    ),
    "disk-full": known(
        "no space left on device|disk.?pressure|disk quota exceeded",
        "make room for the container engine: `docker system df`, then `docker system prune`",
    ),
    # What a pod's object says of its state.
    "out-of-memory": known(
        "OOMKilled", "the container needs more memory than its limit: raise resources.limits.memory", "pod"
    ),
    "pull-always": known(
        r"(?:ErrImagePull|ImagePullBackOff).*imagePullPolicy: Always",
        "imagePullPolicy is Always, as it is by default for `:latest`: the node does not use the image "
        "that was loaded into it; set `imagePullPolicy: IfNotPresent`, or check the name and pull secret",
        "pod",
    ),
    "pod-image": known(
        "ErrImagePull|ImagePullBackOff",
        "check the image's name, load it with an `image.deliver` step, or add a pull secret for its registry",
        "pod",
    ),
    "image-name": known("InvalidImageName", "correct the image's name in the manifest", "pod"),
    "pull-never": known(
        "ErrImageNeverPull",
        "the image is not on the node and may not be pulled: put an `image.deliver` step before this one",
        "pod",
    ),
    "runs-as-root": known(
        "runAsNonRoot|verify user is non-root",
        "the pod may not run as root and its image does: set securityContext.runAsUser to a number, or "
        "build the image with such a USER",
        "pod",
    ),
    "secret-key": known(
        "couldn't find key",
        "the Secret or ConfigMap is there without that key: add it, or correct the key's name",
        "pod",
    ),
    "evicted": known(
        r"\bEvicted\b",
        "the node ran out of what the message names: give the container engine more of it, or have the pod "
        "request what it needs",
        "pod",
    ),
    "container-start": known(
        "RunContainerError|StartError|CreateContainerError|ContainerCannotRun",
        "the container cannot be started: correct its command, mounts or securityContext as the message says",
        "pod",
    ),
    "volume-missing": known(
        r"FailedMount.*(?:secret|configmap) \"?[^\"]+\"? not found",
        "a volume of the pod is made of a Secret or ConfigMap that is not there: apply it, in its namespace",
        "pod",
    ),
    "network-plugin": known(
        "FailedCreatePodSandBox|network plugin is not ready|cni plugin not initialized",
        "the cluster's network does not work yet: see its CNI's pods (`kubectl -n kube-system get pods`)",
        "pod",
    ),
    "kubelet-behind": known(
        "have not yet been read at least once|failed to sync (?:configmap|secret) cache",
        "the node's kubelet cannot read from its API server: see `journalctl -u kubelet` in the node, or "
        "make the cluster anew (`bringup down`, then `bringup up`)",
        "pod",
    ),
    "container-config": known(
        "CreateContainerConfigError",
        "apply the Secret or ConfigMap that the container refers to first",
        "pod",
    ),
    "claim-missing": known(
        r'persistentvolumeclaim "?[^" ]*"? (?:not found|is being deleted)',
        "apply the PersistentVolumeClaim that the pod names first, in the pod's namespace",
        "pod",
    ),
    "claim-unbound": known(
        "unbound immediate PersistentVolumeClaims|didn't find available persistent volumes"
        "|volume node affinity conflict",
        "no volume can be bound to the pod's claim: correct its storageClassName and access mode; "
        "kubectl describe pvc says more",
        "pod",
    ),
    "resources": known(
        r"insufficient (?:cpu|memory|ephemeral-storage|pods)",
        "the nodes have too little left: lower the pod's requests, or give the container engine more",
        "pod",
    ),
    "scheduling-gate": known(
        "scheduling gates",
        "a controller such as Kueue holds the pod back: see what it waits for, as its quota and queues say",
        "pod",
    ),
    "readiness-gate": known(
        "pod readiness gate",
        "the pod waits for a condition that a controller sets, such as a load balancer's: bring that up, or "
        "take the readinessGate out",
        "pod",
    ),
    "no-node-ready": known(
        r"taint[^}]*not-ready",
        "no node is ready: kubectl describe nodes says why; with disableDefaultCNI, apply a CNI first",
        "pod",
    ),
    "pod-port": known(
        "didn't have free ports", "another pod has the node's port: take another hostPort", "pod"
    ),
    "unschedulable": known(
        "Unschedulable|nodes? (?:are|is) available",
        "no node takes the pod: correct its nodeSelector, affinity and tolerations",
        "pod",
    ),
    "probe": known(
        "(?:Readiness|Liveness|Startup) probe failed",
        "correct the path and port of the probe, or see in the pod's last lines why it does not answer; if it"
        " is only slow, give the step a longer timeout",
        "pod",
    ),
    # What the API server answers; texts begin with its status.
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
    # SQLSTATEs.
    "database-login": known(
        r"\((?:28000|28P01|3D000)\)",
        "a server takes user, password and database from its first start, whatever its Secret says now",
        "postgres",
    ),
    "in-transaction": known(r"\(25001\)", "begin the file with `-- +goose NO TRANSACTION`", "postgres"),
    "database-privilege": known(
        r"\(42501\)", "the user lacks the privilege: grant it, or use another user", "postgres"
    ),
    "enum-value": known(
        r"\(55P04\)", "put `ALTER TYPE … ADD VALUE` into a migration of its own, before this one", "postgres"
    ),
    "extension-absent": known(
        r'extension "[^"]*" is not available|could not open extension control file',
        "bring up a database image that has the extension, such as pgvector's or PostGIS's own",
        "postgres",
    ),
    "extension-first": known(
        r"function (?:uuid_generate_\w+|gen_random_bytes|crypt|gen_salt|digest|similarity|unaccent)\(.* exist"
        r'|type "(?:citext|hstore|vector|geometry|geography|ltree)" does not exist|class "gin_trgm_ops"',
        'make what it is of first, such as `CREATE EXTENSION IF NOT EXISTS "uuid-ossp"`, pgcrypto or citext',
        "postgres",
    ),
    "table-exists": known(
        r"\(42P07\)",
        "it was made by other means: start from an empty database, or record the version as applied",
        "postgres",
    ),
    # What `docker build` and the like say.
    "build-mirror": known(
        "temporary failure resolving|could not resolve|unable to connect to|failed to fetch"
        r"|connection failed|temporary error \(try again later\)",
        "the package mirror cannot be reached from inside the build: check network, DNS and proxy",
        *("image.build", "build"),
    ),
    "build-program": known(
        r"\b(?:ba|da)?sh: (?:(?:line )?\d+: )?\S+: (?:command )?not found",
        "install the program in the image first, by an instruction above this one",
        "build",
    ),
    "build-outside": known(
        "outside (?:of )?the (?:build )?context",
        "COPY and ADD see the build context alone: name a directory that has all of it as `context`",
        "image.build",
    ),
    "build-base": known(
        "base name .* should not be blank",
        "give the argument a value in `args`, or a default in the Dockerfile",
        "image.build",
    ),
    "build-from": known(
        r"invalid from flag value [^\n]*\$|(?:variable expansion is not supported for|failed to parse) "
        r"(?:--from|stage name [^\n]*\$)",
        "`--from` takes no variable: make that image a stage above, by `FROM IMAGE AS NAME`, and name that",
        "image.build",
    ),
    "build-target": known(
        "failed to reach build target|target stage .* could not be found",
        "name a stage of the Dockerfile, which begins with `FROM … AS NAME`, as the step's `target`",
        "image.build",
    ),
    "build-empty": known(
        r"Dockerfile[^\n]* cannot be empty", "name another file as the step's `dockerfile`", "image.build"
    ),
    "build-frontend": known(
        "resolve image config for|failed to solve with frontend gateway",
        "the frontend that `# syntax=` names cannot be pulled: take that line away if the builder's own"
        " will do, or name a registry that can be reached",
        "image.build",
    ),
    "buildkit-version": known(
        r"(?:LLB definition|failed to solve): dockerfile parse error (?:on )?line \d+: unknown",
        "if it is spelt right, the builder is too old: upgrade Docker to 23, name another with `builder`, or"
        " begin the Dockerfile with `# syntax=docker/dockerfile:1`",
        "image.build",
    ),
    "build-platforms": known(
        "does not currently support exporting manifest lists|docker-container.*multi-platform",
        "name one `platform`: only an engine with containerd's image store holds an image of several",
        "image.build",
    ),
    "build-ssh-agent": known(
        "invalid empty ssh agent socket|failed to convert agent config",
        "start an agent and give it the key (`ssh-add`), or name the key: `ssh: default=PATH`",
        "image.build",
    ),
    "builder": known(
        'no builder ".*" found',
        "make it with `docker buildx create --name`, or name one that `docker buildx ls` lists",
        "image.build",
    ),
    "buildkit": known(
        "requires BuildKit|unknown flag: (?:mount|chmod|link|parents|exclude|checksum|network|security)"
        "|unknown instruction: <<|failed to parse platform",
        "install Docker's buildx plugin, and name it with `builder: buildx`",
        "image.build",
    ),
    "build-file": known(
        "failed to compute|(?:COPY|ADD) failed|no such file or directory",
        "is the file in the build context, and not left out by .dockerignore?",
        "image.build",
    ),
    # What kind says.
    "privileged-port": known(
        "cannot expose privileged port",
        "map a host port of 1024 or above: a rootless engine may not take those below",
    ),
    "port-taken": known(
        "port is already (?:allocated|in use)|address already in use|ports are not available",
        "free the host port that is named, or map another one in the plan",
    ),
    "podman-output": known(
        "file should only be one line, got 0 lines",
        "Podman lost the output of a command, as its service sometimes does: try again",
        "kind",
    ),
    "node-systemd": known(
        "could not find a log line that matches .*Multi-User",
        "the node's systemd did not start: `bringup doctor` checks cgroups and inotify limits",
        "kind",
    ),
    "kubeadm-config": known(
        "cannot unmarshal .* Go struct field|strict decoding error",
        "write `kubeadmConfigPatches` as the node's Kubernetes takes them: since v1.31 extra arguments are a"
        " list of `name` and `value`",
        "kind.create",
    ),
    "kubelet": known(
        r"kubelet-check\]",
        "the node's kubelet does not start: `bringup doctor` checks cgroups, inotify limits, memory and disk;"
        " `kind create cluster --retain` leaves the node, whose `journalctl -u kubelet` says why",
        "kind",
    ),
    "rootless": known(
        "rootless provider requires",
        "prepare the machine as https://kind.sigs.k8s.io/docs/user/rootless says, or use an engine with root",
        "kind",
    ),
    # Not kind's own notice, which it gives at every start on cgroup v1.
    "cgroup": known(
        "(?<!please upgrade to )cgroup(?! v1 is deprecated)",
        "the node image may not fit this machine's cgroup version: see `bringup doctor`",
        *("kind", "k3d"),
    ),
    "engine-permission": known(
        r"permission denied while trying to connect|got permission denied"
        r"|permission denied.*docker\.sock|docker\.sock.*permission denied",
        "let this user use the container engine: `bringup doctor` says how",
    ),
    "engine-down": known(
        "cannot connect to the docker daemon|is the docker daemon running"
        "|cannot connect to podman|error during connect",
        "start the container engine: `bringup doctor` says which one is looked for",
    ),
    "engine-version": known(
        r"client version \S+ is too (?:old|new)",
        "the program and the container engine are of different ages: upgrade the older one",
    ),
    "address-pool": known(
        "non-overlapping IPv[46] address pool|address pools have been fully subnetted",
        "the container engine has no addresses left for networks: `docker network prune`",
    ),
    "address-overlap": known(
        "pool overlaps with other one|conflicts with existing route",
        "another network has these addresses: see `docker network ls` and `ip route`, and remove or move it",
    ),
    "ip6tables": known(
        "ip6tables|IPv6 is disabled",
        "the kernel lacks what IPv6 needs: `sudo modprobe ip6table_nat`, net.ipv6.conf.all.disable_ipv6=0",
    ),
    "container-name": known(
        "container name .* already in use",
        "another container has that name: `docker rm --force NAME`, or name the cluster otherwise",
    ),
    "mount-source": known(
        "bind source path does not exist|mounts denied",
        "make the directory that `hostPath` names, and share it in Docker Desktop's settings if that is used",
    ),
    "engine-program": known(
        r'exec: "(?:docker|podman|nerdctl|finch)": executable file not found',
        "install the engine's own command too, which kind runs, or put it on PATH",
        "kind",
    ),
    "k3d-version": known(
        "unknown (?:flag: --|command)",
        "this k3d does not know it: upgrade k3d, or write what its version takes",
        "k3d",
    ),
    "k3d-config": known(
        "schema validation failed|failed cluster configuration validation|error processing/sanitizing"
        "|failed to (?:transform|filter)",
        "correct what is named of k3d's configuration",
        "k3d",
    ),
    "k3s-conntrack": known(
        "nf_conntrack_max: permission denied",
        "this k3s is too old for the machine's kernel: name a later one as `image` of cluster.create",
        "k3d",
    ),
    "k3s-restarts": known(
        "stopped returning log lines|failed to get ready",
        "k3s does not stay up, and its last lines say why: `bringup doctor` checks cgroups, inotify limits,"
        " memory and disk",
        "k3d",
    ),
    "kind-version": known(
        r"unknown (?:flag: --|apiVersion)",
        "this kind does not know it: upgrade kind, or write what its version takes",
        "kind",
    ),
    "kind-config": known(
        "unable to decode config|invalid configuration",
        "correct the field of Kind's configuration that is named",
        "kind",
    ),
    "cluster-exists": known(
        "already exist for a cluster with the name|a cluster with that name already exists",
        "delete that cluster first: `kind delete cluster --name NAME`, `k3d cluster delete NAME`",
    ),
    "no-cluster": known(
        "no nodes found for (?:given )?cluster", "create the cluster before this step, or correct its name"
    ),
    "login-helper": known(
        "error getting credentials|docker-credential-[^\n]*not found",
        "install the program that `credsStore` or `credHelpers` of ~/.docker/config.json names, or take its"
        " line out",
    ),
    "image-absent": known(
        "not present locally", "build or pull the image before this step: it is not in the engine"
    ),
    # What registries and engines say of images.
    "registry-plain-http": known(
        "server gave HTTP response to HTTPS client",
        "the registry speaks plain HTTP, which who pulls or pushes has to be told: `insecure-registries` of"
        " Docker, `insecure = true` in Podman's registries.conf, hosts.toml of a node's containerd",
    ),
    "registry-login": known(
        "unauthorized|authentication required|access denied|access to the resource is denied|no basic auth"
        r"|\bdenied:",
        "log in to the registry (`docker login REGISTRY`), and check the image's name and your access",
        *("image", "kind", "k3d"),
    ),
    "image-platform": known(
        "no matching manifest|no image found in (?:manifest list|image index)|no match for platform"
        "|does not provide the (?:specified )?platform|does not match the specified platform",
        "the image is not made for this platform: choose another tag, or set `platform`",
        *("image", "kind", "k3d"),
    ),
    "image-missing": known(
        r"manifest unknown|manifest for \S+ not found|name unknown|\S+: not found",
        "check the image's name and tag",
        *("image", "kind", "k3d"),
    ),
    "registry-unreachable": known(
        r"no such host|i/o timeout|network is unreachable|connection refused|tls handshake timeout|\bEOF\b"
        r"|Client\.Timeout|server misbehaving|no route to host",
        "the registry cannot be reached: check the container engine's network, DNS and proxy, "
        "or load the image into the engine beforehand (`docker load`)",
        *("image", "kind.create", "k3d.create"),
    ),
    "registry-certificate": known(
        "x509|certificate",
        "the container engine does not trust the registry's certificate",
        *("image", "kind.create", "k3d.create"),
    ),
    "node-image": known(
        "failed to pull image",
        "name a node image that can be had with `image` of cluster.create",
        *("kind", "k3d"),
    ),
    "control-plane": known(
        "timed out waiting for ready|kubelet.*not.*healthy|timed out waiting for the condition",
        "the machine may be short of memory or CPU, or `wait` too short: see `bringup doctor`",
        "kind",
    ),
    "image-other": known("not found|does not exist", "check the image's name and tag", "image"),
    "no-kubeconfig": known(
        "localhost:8080 was refused|localhost:8080/api|no configuration has been provided",
        "no kubeconfig was found: commands get that of the plan's `cluster` once it is created",
    ),
    "kind-unknown": known(
        "no matches for kind|doesn't have a resource type|resource mapping not found",
        "apply the CustomResourceDefinition first, or correct apiVersion and kind",
    ),
    "helm-name": known(
        "cannot re-use a name that is still in use", "run `helm upgrade --install` in place of install"
    ),
    "helm-pending": known(
        "another operation .install/upgrade/rollback. is in progress",
        "an earlier helm was cut off: `helm rollback` or `helm uninstall` the release",
    ),
    "processor": known(
        "exec format error",
        "the program is made for another processor: build or pull it for this machine's platform",
    ),
    "no-program": known(
        r"executable file not found in \$PATH|exec: [^\n]*: no such file or directory",
        "the image has no such program: correct the container's command, or the image",
        *("pod", "command", "build"),
    ),
    # What shells say of a `command`.
    "bash": known(
        r"\bsh: (?:\d+: )?(?:set: )?(?:illegal option -o pipefail|bad substitution"
        r"|(?:\[\[|source|function|declare|shopt|pushd|mapfile|readarray): not found"
        r"|syntax error: (?:\"[(}]\"|redirection) unexpected)",
        "`shell` is carried out by sh: for what only bash knows, write `argv: [bash, -c, …]`",
        "command",
    ),
    "no-terminal": known(
        r"EOF when reading a line|cannot open /dev/tty|/dev/tty: No such device|no tty present"
        r"|a terminal is required to read the password|the input device is not a TTY|stdin is not a terminal",
        "a step has no terminal: have the command ask nothing (such as `--yes`, `sudo -n`, no `-t`)",
        "command",
    ),
    "killed": known(
        "exited with status 137|ended by signal SIGKILL",
        "something killed it, mostly as memory ran out: `dmesg` tells; limit what runs at once with `limit`",
        "command",
    ),
    "where-it-runs": known(
        r"\b(?:ba|da|z)?sh: (?:\d+: )?(?:cannot open )?\S+: no such file|no rule to make target"
        r"|no makefile found|could not read package\.json|no configuration file provided"
        r"|go\.mod file not found|could not find `cargo\.toml`|can't open file",
        "check the name, and where it runs: `folder` says in which directory, by default the plan's own",
        "command",
    ),
    "python-module": known(
        "no module named",
        "install it for the Python that the command runs: name that of a virtual environment by its path",
        "command",
    ),
    "program-absent": known(
        "exited with status 127",
        "install the program that it calls, or add its directory to PATH",
        "command",
    ),
    "not-executable": known(
        "exited with status 126", "make the program that it calls executable (`chmod +x`)", "command"
    ),
    "node-names": known(
        r"lookup [\w.-]+-control-plane\S* on [^\n]*no such host",
        "the nodes do not find each other by name: with Podman install aardvark-dns or its dnsname plugin, "
        "remove its network `kind`, and try again; or have one node",
    ),
    # What may be met anywhere.
    "dns": known(
        "no such host|temporary failure (?:in name resolution|resolving)|name or service not known"
        "|could not resolve (?:host|')|getaddrinfo failed|EAI_AGAIN",
        "a name could not be looked up: check the network, VPN and DNS",
    ),
    "content-digest": known(
        "content digest [^\n]*not found",
        "the image was saved without all of its platforms: "
        "pull or build it for this machine's platform alone",
    ),
    "kubeconfig-lock": known(
        r"failed to lock config file|\.lock: file exists",
        "another program holds the kubeconfig; if none runs, remove its .lock file",
    ),
    "package-mirror": known(
        "unable to fetch some archives|failed to fetch https?:|could not fetch url"
        r"|could not connect to \S+:80\b|hash sum mismatch",
        "a package mirror did not answer: trying again usually helps",
    ),
    "certificate": known(
        "x509: |certificate verify failed|certificate has expired",
        "the server's certificate is not trusted here: is it that of an earlier cluster, or of a proxy?",
    ),
    "plain-http": known(
        "first record does not look like a TLS handshake|ssl.*wrong version number",
        "what answers there does not speak TLS: correct the port, or write `http://` in place of `https://`",
    ),
    "rollout-timeout": known(
        "timed out waiting for the condition",
        "a `kubernetes.wait` step in place of kubectl says which pod is stuck and why",
        "command",
    ),
    "connection": known(
        r"connection (?:refused|reset|closed|timed out)|failed to connect to \S+ port"
        "|kubernetes cluster unreachable|cannot connect to host|server disconnected"
        "|no route to host|tls handshake timeout|waiting for connection|unexpected eof|broken pipe"
        r"|i/o timeout|connection to \S+ was lost|refuses the connection",
        "the other side did not answer; is it up and reachable?",
    ),
    "server-error": known(
        rf"{_STATUS}50[0234]\b"
        r"|\b50[0234] (?:internal server error|bad gateway|service unavailable|gateway time-?out)"
        "|server is currently unable to handle the request|etcdserver: request timed out",
        "the server is busy or briefly away: trying again usually helps",
    ),
    "image-pull": known(
        "ImagePullBackOff|ErrImagePull|manifest unknown|pull access denied",
        "check the image's name, and that the pull secret or your registry login reaches it",
    ),
    "crash-loop": known(
        "CrashLoopBackOff", "the container ends as soon as it starts; its last lines say why"
    ),
}
