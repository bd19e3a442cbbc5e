"""Clusters: how each kind of cluster is created, adopted, reached, given images and deleted."""
