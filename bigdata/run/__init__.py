"""Where tasks run: the controller, its pools of workers, and what one task does on a worker."""

from bigdata.run.submission import submit

__all__ = ["submit"]
