"""What fills the screen, or lies over it."""
