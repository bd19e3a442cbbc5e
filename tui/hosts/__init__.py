"""Where commands run and sockets open."""
