"""The Gateway API's own conformance suite, run against the GatewayClass of a stack."""
