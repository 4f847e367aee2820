"""`python -m local.cluster.cloud --cluster-dir DIR`: serve one cluster until SIGTERM."""

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
from local.cluster.cloud.forwarding_table import Endpoint, ForwardingTable, Outcome
from local.cluster.cloud.loadbalancer import LoadBalancers
from local.cluster.cloud.netns import NetworkNamespace
from local.cluster.cloud.relay import Relay
from local.cluster.cloud.status_file import StatusFile
from local.cluster.cloud.volumes import Volumes
from local.cluster.cloud.watch import Mirror, reconcile_on_change
from local.errors import UserError

_API_PORT_OF_NODE = 6443
_MAX_BACKOFF_S = 5.0
log = logging.getLogger("cloud")


@dataclass(frozen=True)
class CloudSettings:
    """The content of cloud.json, which the cluster's supervisor writes."""

    api_port: int
    first_address: str
    node_address: str
    outside_netns: str
    kubeconfig: str
    volumes: str

    @classmethod
    def read(cls, path: Path) -> "CloudSettings":
        try:
            found = json.loads(path.read_text())
            return cls(**{name: found[name] for name in cls.__dataclass_fields__})
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise UserError(
                f"The settings file {path} cannot be read: {type(error).__name__}: {error}.",
                "Start the cluster with `python -m local.cluster up`, which writes this file and starts this process.",
            ) from error


async def serve(directory: Path) -> None:
    """Run until cancelled."""
    settings = CloudSettings.read(directory / "cloud.json")
    try:
        outside = NetworkNamespace(settings.outside_netns)
    except OSError as error:
        raise UserError(
            f"The network namespace {settings.outside_netns} cannot be opened: {error.strerror}.",
            "It belongs to a running node. Start one with `python -m local.cluster up`.",
        ) from error
    status = StatusFile(directory / "cloud-status.json")
    status.set("services", [])
    status.set("volumes", [])
    api = Api(Path(settings.kubeconfig))
    relay = Relay(asyncio.get_running_loop())
    forwarding = ForwardingTable(relay, outside)
    api_forwarding = ForwardingTable(relay, outside)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(status.keep_written())
            tasks.create_task(_forward_api(api_forwarding, settings, status))
            _serve_load_balancers(tasks, api, settings, forwarding, status)
            _serve_volumes(tasks, api, settings, status)
    finally:
        forwarding.close()
        api_forwarding.close()
        relay.close()
        outside.close()
        await api.close()


async def _forward_api(forwarding: ForwardingTable, settings: CloudSettings, status: StatusFile) -> None:
    """Forward the host's API port to the API server, which may still be starting. Retry while the port is in use."""
    endpoint = Endpoint("127.0.0.1", settings.api_port, "TCP")
    backoff_s = 0.1
    while True:
        try:
            outcome = forwarding.apply({endpoint: (settings.node_address, _API_PORT_OF_NODE)})[endpoint]
        except Exception as error:
            log.exception("port %d is not forwarded; retrying", settings.api_port)
            outcome = Outcome(None, f"{type(error).__name__}: {error}")
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
        await asyncio.sleep(backoff_s)
        backoff_s = min(backoff_s * 2, _MAX_BACKOFF_S)


def _serve_load_balancers(
    tasks: asyncio.TaskGroup, api: Api, settings: CloudSettings, forwarding: ForwardingTable, status: StatusFile
) -> None:
    changed = asyncio.Event()
    services = Mirror(api, "/api/v1/services", "Service", changed)
    balancers = LoadBalancers(
        api, services.objects, forwarding, Events(api), status, settings.first_address, settings.node_address
    )
    tasks.create_task(services.run())
    tasks.create_task(reconcile_on_change([services], changed, balancers.reconcile))


def _serve_volumes(tasks: asyncio.TaskGroup, api: Api, settings: CloudSettings, status: StatusFile) -> None:
    changed = asyncio.Event()
    claims = Mirror(api, volumes.CLAIMS, "PersistentVolumeClaim", changed)
    provisioned = Mirror(api, volumes.VOLUMES, "PersistentVolume", changed)
    provisioner = Volumes(api, claims.objects, provisioned.objects, Events(api), status, Path(settings.volumes))
    tasks.create_task(claims.run())
    tasks.create_task(provisioned.run())
    tasks.create_task(reconcile_on_change([claims, provisioned], changed, provisioner.reconcile))


async def _until_signalled(directory: Path) -> None:
    serving = asyncio.ensure_future(serve(directory))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    try:
        await serving
    except asyncio.CancelledError:
        log.info("stopped by a signal")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local.cluster.cloud", description=__doc__)
    parser.add_argument("--cluster-dir", type=Path, required=True, help="the directory that holds cloud.json")
    arguments = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO, stream=sys.stdout)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # each open connection takes two
    try:
        asyncio.run(_until_signalled(arguments.cluster_dir.resolve()))
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
