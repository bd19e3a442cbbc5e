"""A log on the screen: its lines, the screen that searches them, and the head above them."""
