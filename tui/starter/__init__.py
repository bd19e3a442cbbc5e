"""A first plan, made of what is found in a directory."""
