"""`python -m local.cluster.cloud --cluster-dir DIR`: serves one cluster until it is told to end."""

import argparse
import asyncio
import json
import logging
import resource
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from local.cluster.cloud import volumes
from local.cluster.cloud.api import Api
from local.cluster.cloud.events import Events
from local.cluster.cloud.forwarding_table import Endpoint, Forwards
from local.cluster.cloud.loadbalancer import LoadBalancers
from local.cluster.cloud.netns import NetworkNamespace
from local.cluster.cloud.relay import Relay
from local.cluster.cloud.status_file import StatusFile
from local.cluster.cloud.volumes import Volumes
from local.cluster.cloud.watch import Mirror, reconcile_on_change
from local.errors import UserError

_API_PORT_OF_NODE = 6443
_LONGEST_RETRY_S = 5.0


@dataclass(frozen=True)
class Settings:
    """cloud.json, as the cluster's supervisor writes it."""

    api_port: int
    first_address: str
    node_address: str
    outside_netns: str
    kubeconfig: str
    volumes: str

    @classmethod
    def read(cls, path: Path) -> "Settings":
        try:
            found = json.loads(path.read_text())
            return cls(**{name: found[name] for name in cls.__dataclass_fields__})
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise UserError(
                f"{path} cannot be used: {type(error).__name__}: {error}.",
                "`python -m local.cluster up` writes it and starts this process.",
            ) from error


async def serve(directory: Path) -> None:
    """Runs until it is cancelled."""
    settings = Settings.read(directory / "cloud.json")
    try:
        outside = NetworkNamespace(settings.outside_netns)
    except OSError as error:
        raise UserError(
            f"The network namespace {settings.outside_netns} cannot be entered: {error.strerror}.",
            "It belongs to a running node: `python -m local.cluster up` starts one.",
        ) from error
    status = StatusFile(directory / "cloud-status.json")
    status.set("services", [])
    status.set("volumes", [])
    api = Api(Path(settings.kubeconfig))
    relay = Relay(asyncio.get_running_loop())
    forwards = Forwards(relay, outside)
    api_forward = Forwards(relay, outside)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_forward_api(api_forward, settings, status))
            _serve_load_balancers(tasks, api, settings, forwards, status)
            _serve_volumes(tasks, api, settings, status)
    finally:
        forwards.close()
        api_forward.close()
        relay.close()
        outside.close()
        await api.close()


async def _forward_api(forwards: Forwards, settings: Settings, status: StatusFile) -> None:
    """Opens the way to the API server, which need not answer yet; tries again while the port is taken."""
    endpoint = Endpoint("127.0.0.1", settings.api_port, "TCP")
    pause = 0.1
    while True:
        outcome = forwards.apply({endpoint: (settings.node_address, _API_PORT_OF_NODE)})[endpoint]
        status.set(
            "api",
            {
                "listening": str(outcome.listening) if outcome.listening else None,
                "to": f"{settings.node_address}:{_API_PORT_OF_NODE}",
                "error": outcome.error,
            },
        )
        if outcome.listening:
            return
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_RETRY_S)


def _serve_load_balancers(
    tasks: asyncio.TaskGroup, api: Api, settings: Settings, forwards: Forwards, status: StatusFile
) -> None:
    changed = asyncio.Event()
    services = Mirror(api, "/api/v1/services", "Service", changed)
    balancers = LoadBalancers(
        api, services.objects, forwards, Events(api), status, settings.first_address, settings.node_address
    )
    tasks.create_task(services.run())
    tasks.create_task(reconcile_on_change([services], changed, balancers.reconcile))


def _serve_volumes(tasks: asyncio.TaskGroup, api: Api, settings: Settings, status: StatusFile) -> None:
    changed = asyncio.Event()
    claims = Mirror(api, volumes.CLAIMS, "PersistentVolumeClaim", changed)
    made = Mirror(api, volumes.VOLUMES, "PersistentVolume", changed)
    keeper = Volumes(api, claims.objects, made.objects, Events(api), status, Path(settings.volumes))
    tasks.create_task(claims.run())
    tasks.create_task(made.run())
    tasks.create_task(reconcile_on_change([claims, made], changed, keeper.reconcile))


async def _until_signalled(directory: Path) -> None:
    serving = asyncio.ensure_future(serve(directory))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    try:
        await serving
    except asyncio.CancelledError:
        logging.info("told to end")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local.cluster.cloud", description=__doc__)
    parser.add_argument("--cluster-dir", type=Path, required=True, help="the folder that holds cloud.json")
    arguments = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO, stream=sys.stdout)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # two for each open connection
    try:
        asyncio.run(_until_signalled(arguments.cluster_dir.resolve()))
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
