"""TCP ports that a stack's load balancers will ask for."""

import config
from tools.effective_config import layers, parse
from tools.stack import Stack


def ports_to_serve(stack: Stack) -> tuple[int, ...]:
    """Return each port once. None for a config with problems: the program reports those itself.

    All Gateways count, because it is not known before which of them gets the first address.
    """
    try:
        gateways = config.Stack(parse(layers(stack))).gateways
    except config.ConfigError:
        return ()
    exposed = [gateway for gateway in gateways if gateway.keys.exposure == "LoadBalancer"]
    listeners = [listener for gateway in exposed for listener in gateway.listeners]
    return tuple(dict.fromkeys(listener.port for listener in listeners if listener.protocol != "UDP"))
