"""TCP ports that a stack's load balancers will ask for."""

from config import ConfigError
from tools.effective_config import layers, parse
from tools.stack import Stack


def ports_to_serve(stack: Stack) -> tuple[int, ...]:
    """Return each port once. None for a config with problems: the program reports those itself.

    All Gateways count, because it is not known before which of them gets the first address.
    """
    try:
        settings = parse(layers(stack))
    except ConfigError:
        return ()
    listeners = [
        listener
        for name, gateway in settings.all_gateways.items()
        if gateway.exposure == "LoadBalancer"
        for listener in settings.listeners_of(name)
    ]
    return tuple(dict.fromkeys(listener.port for listener in listeners if listener.protocol != "UDP"))
