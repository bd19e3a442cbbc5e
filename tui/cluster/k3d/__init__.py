"""What is k3d's own of clusters of containers; see `tui.cluster.containers.maker`.

Written after k3d's documentation and source, 5.8; not yet run against it.
"""
