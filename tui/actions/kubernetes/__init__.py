"""The steps that speak to the cluster's API server."""
