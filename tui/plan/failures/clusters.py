"""What kind, k3d and the container engine say when a cluster is made."""

from __future__ import annotations

from tui.plan.signature import Known, known

CLUSTERS: dict[str, Known] = {
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
    "kubernetes-setting": known(
        r"(?:kubelet|kube-[a-z-]+|etcd): [^\n]*(?:unrecognized feature gate|unknown flag|invalid argument)",
        "this Kubernetes does not take it: correct `featureGates`, `runtimeConfig` and the patches in Kind's"
        " configuration, or name another node image",
        "kind",
    ),
    "api-server-file": known(
        r"kube-apiserver: [^\n]*(?:no such file|is a directory)",
        "have `extraMounts` of the node and `extraVolumes` of the API server lead to the file; a `hostPath`"
        " that is not there becomes an empty directory",
        "kind",
    ),
    "containerd-settings": known(
        r"containerd: [^\n]*(?:invalid plugin config|toml)",
        "the node's containerd does not take what `containerdConfigPatches` say: correct them; of"
        " `config_path` and `mirrors` only one may be set",
        "kind",
    ),
    "kubelet": known(
        r"kubelet-check\]",
        "the node's kubelet does not start: `bringup doctor` checks cgroups, inotify limits, memory and disk;"
        " `kind create cluster --retain` leaves the node, whose `journalctl -u kubelet` says why",
        "kind",
    ),
    "rootless": known(
        "rootless provider requires",
        "prepare the machine as https://kind.sigs.k8s.io/docs/user/rootless says; else begin bringup by"
        " `systemd-run --scope --user --property=Delegate=yes`, or use an engine with root",
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
        r"unknown (?:flag: --|apiVersion|containerd config version)",
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
}
