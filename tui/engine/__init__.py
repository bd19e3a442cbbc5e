"""Doing what the plan says: scheduler, attempts, retries, commands."""
