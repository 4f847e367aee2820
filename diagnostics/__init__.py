"""Problems and how they reach the user: codes, words, places, suggestions, and the one way to end the program."""

from diagnostics.problem import Path, Problem, Reason, is_below, problem
from diagnostics.suggest import listed, suggest

__all__ = ["Path", "Problem", "Reason", "is_below", "listed", "problem", "suggest"]
