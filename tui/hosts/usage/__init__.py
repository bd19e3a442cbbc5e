"""What a machine is busy with: its counters, from files that Linux keeps of itself and of containers."""
