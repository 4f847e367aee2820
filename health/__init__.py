"""Health: which objects of a stack are ready, and why the others are not, in the cluster's own words."""

from health.look import look
from health.rows import Row
from kube.kubectl import Unanswered

__all__ = ["Row", "Unanswered", "look"]
