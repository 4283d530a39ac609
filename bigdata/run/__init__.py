"""Where tasks run: the controller, its pools of workers, and what one task does on a worker."""

from bigdata.run.submit import submit

__all__ = ["submit"]
