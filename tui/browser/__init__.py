"""A run in browsers on this machine: a server, and for each browser a process that draws the dashboard."""
