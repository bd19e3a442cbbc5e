"""Snapshots: clusters as they stood, from which like ones are restored in place of being made."""
