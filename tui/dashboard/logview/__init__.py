"""A log on the screen: its lines, the screen that searches them, and what is said above them."""
