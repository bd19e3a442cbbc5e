"""A task's log: its lines, the file that keeps them, and how it is read and searched."""
