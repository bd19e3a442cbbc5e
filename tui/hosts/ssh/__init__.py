"""A machine over SSH as a host; nothing is installed there."""
