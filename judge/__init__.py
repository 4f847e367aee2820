"""Judge: what Envoy Gateway itself says about declared objects, asked of its own translator before any cluster.

The program that answers is `local/toolchain/go/judge`, built with one release of Envoy Gateway.
"""

from judge.judge import VARIABLE, Judge, Trial, translation

__all__ = ["VARIABLE", "Judge", "Trial", "translation"]
