"""A machine over SSH as a host; nothing is installed there."""

import logging

logging.getLogger("asyncssh").addHandler(logging.NullHandler())  # or its warnings would go to the screen
# So would asyncio's of a `ProxyCommand` that asyncssh has waited for first.
logging.getLogger("asyncio").addFilter(lambda record: "Unknown child process" not in str(record.msg))
