"""Checks: everything that an API server and Envoy Gateway would refuse, found without a cluster.

`checks.schema` judges one object by the schemas and CEL rules of the release; `checks.rules` judges all objects
together. Neither needs Pulumi.
"""
