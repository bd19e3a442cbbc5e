"""What things cost; see CONTRIBUTING.md."""

import os

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # users' modules are compiled but once
