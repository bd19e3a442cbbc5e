"""A replay or a race as a film: pictures of the screen, and the files that hold them."""
