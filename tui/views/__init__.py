"""A run in the view that its user wants: the dashboard, plain lines, JSON; and the ways between them."""
