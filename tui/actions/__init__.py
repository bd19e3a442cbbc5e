"""What a plan's steps do: one file a tool."""
