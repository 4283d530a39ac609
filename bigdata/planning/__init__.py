"""Study and site in, Plan out: stages, tasks, keys, cost and refusals."""

from bigdata.planning.plan import Plan, plan

__all__ = ["Plan", "plan"]
