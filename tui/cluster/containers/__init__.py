"""Clusters whose nodes are containers of the engine, as programs such as kind make them."""
