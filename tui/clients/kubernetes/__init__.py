"""The cluster's API server: objects, watches, logs, port-forwards."""
