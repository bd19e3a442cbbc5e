"""Why a node of kind's does not start, as its own programs say it: kind knows that kubeadm waited in vain."""

from __future__ import annotations

import re

# A part that has ended says why; what comes after it in this order only misses it.
_SCRIPT = """\
if ! timeout 5 crictl version; then
  journalctl --output=cat --unit=containerd |
    grep -E 'failed to load plugin [^ ]*cri|level=fatal|^containerd: ' |
    tail -n 1 | sed 's/^/containerd: /' >&3
  exit
fi
[ -e /var/lib/kubelet/config.yaml ] || exit  # kubeadm has not come that far
said=$(journalctl --output=cat --unit=kubelet --since=-15s |
  grep -E '^F[0-9]{4} |"command failed"|[Ff]ailed to run [Kk]ubelet|unknown flag')
if [ "$(printf '%s\\n' "$said" | wc -l)" -gt 1 ]; then
  printf '%s\\n' "$said" | tail -n 1 | sed 's/^/kubelet: /' >&3
  exit
fi
for part in etcd kube-apiserver kube-controller kube-scheduler; do  # as much as a process's name holds
  log=$(ls --sort=time /var/log/pods/kube-system_$part*/*/*.log | head -n 1)
  if [ -n "$log" ] && ! pgrep "^$part"; then
    tail -n 4 "$log" | cut -d ' ' -f 4- | grep . | sed "s/^/$part: /" >&3
    exit
  fi
done
"""
WHY = ("bash", "-c", f"exec 3>&1 >/dev/null 2>&1\n{_SCRIPT}")
"""The command that prints in a node why it does not start: the last lines of a part of it that has ended."""

_KLOG = re.compile(r"[A-Z]\d{4} [\d:.]+ +\d+ \S+\] ")
_QUOTED = re.compile(r'\b(?:err|error)="((?:[^"\\]|\\.)*)"')
# A kubelet or containerd that ends is started again at once, and ends again; other parts may recover, but not
# from this.
_FOREVER = re.compile(r"(?:kubelet|containerd): |unknown flag|unrecognized feature gate")


def readable(line: str) -> str:
    """Return a line that a part said without what is for machines."""
    part, _, text = line.partition(": ")
    said = _QUOTED.search(text)
    words = re.sub(r"\\(.)", r"\1", said[1]) if said else _KLOG.sub("", text)
    return f"{part}: {words}"


def is_final(line: str) -> bool:
    """Return whether waiting for the part that said it is in vain."""
    return _FOREVER.search(line) is not None
