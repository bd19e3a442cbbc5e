"""A stand-in for a service: answers probes, metrics and requests, and has Data Storage keep audit events."""
