"""Gateway API: the one model of Gateways, routes, references and policy targets."""
