"""A machine over SSH as a host; nothing is installed there."""

import logging

logging.getLogger("asyncssh").addHandler(logging.NullHandler())  # or its warnings would go to the screen
