"""What may be met anywhere."""

from __future__ import annotations

from tui.plan.signature import Known, known

_STATUS = r"\b(?:status|http(?:/\d(?:\.\d)?)?|code|answered)\W{0,3}(?:code\W{0,3})?"

LIMITS: dict[str, Known] = {
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
}
"""What says all, whatever else is said."""

CONNECTIONS: dict[str, Known] = {
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
"""What says less of the cause than any other."""
