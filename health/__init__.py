"""What of a stack is well and what is not, and why, in the cluster's own words."""

from health.kubectl import Unanswered, look
from health.rows import Row

__all__ = ["Row", "Unanswered", "look"]
