"""Plans: everything that a revision of the program declares for a stack, without an engine, a cluster or a key."""

from plans.plan import Plan, PlanError, Planned, SecretValue, plan

__all__ = ["Plan", "PlanError", "Planned", "SecretValue", "plan"]
