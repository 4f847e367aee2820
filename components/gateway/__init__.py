"""Gateway: the class, the Gateways with their listeners and certificates, routes, policies and issuers."""
