"""What bringup speaks to over a network: Kubernetes, container engines, registries, databases, URLs."""
