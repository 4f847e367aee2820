"""`make ask`: what a real Envoy answers to a request, on this machine, before any cluster has the configuration.

The judge translates the planned objects to xDS, as Envoy Gateway does. `loopback` moves that to this machine: listeners
on 127.0.0.1, a stub in place of each backend. `envoy` runs it, and `client` sends the requests.
"""

from tools.ask.ask import Answer, NotAnswered, ask
from tools.ask.envoy import EnvoyError

__all__ = ["Answer", "EnvoyError", "NotAnswered", "ask"]
