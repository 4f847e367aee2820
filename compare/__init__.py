"""Compare: what changes between two plans of a stack, for clients and for the cluster. Values only, no I/O.

`compare(base, head)` of two `plans.Plan` returns a Comparison. It needs no cluster: the same evaluator that answers
`make explain` answers one representative request per class, on both sides.
"""

from compare.comparison import Comparison, compare

__all__ = ["Comparison", "compare"]
