"""What a pod's object says of its state."""

from __future__ import annotations

from tui.plan.signature import Known, known

PODS: dict[str, Known] = {
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
}
