"""Problems and how they reach the user: codes, words, places, suggestions, and the one way to end the program."""

from diagnostics.problem import Path, Problem, Reason, problem
from diagnostics.suggest import listed, suggest

__all__ = ["Path", "Problem", "Reason", "listed", "problem", "suggest"]
