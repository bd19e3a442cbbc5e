"""Why a run takes as long as it does: forecast, critical path, slack, and where a task's time went."""
