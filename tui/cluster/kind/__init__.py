"""What is kind's own of clusters of containers; see `tui.cluster.containers.maker`."""
