"""The run on a screen, live: a timeline, a panel for each task at work, and the keys that control it."""
