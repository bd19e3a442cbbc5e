"""bringup: brings a Kubernetes end-to-end test environment up, and shows where the time goes."""

__version__ = "0.1.0"
