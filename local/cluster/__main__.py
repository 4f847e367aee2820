"""`python -m local.cluster [--name NAME] COMMAND` manages a local one-node Kubernetes cluster."""

import argparse
import os
import sys
from pathlib import Path

from rich.console import Console

from local import supplies
from local.cluster import preflight
from local.cluster.cluster import Cluster
from local.cluster.directory import DEFAULT_NAME
from local.command import exit_code
from local.images import archives
from local.toolchain.progress import Progress

_LINES = "200"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local.cluster", description=__doc__)
    parser.add_argument("--name", default=DEFAULT_NAME, help="name of the cluster (default: %(default)s)")
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start the cluster and wait until it is ready")
    up.add_argument("--api-port", type=int, help="port of the API server on 127.0.0.1; fixed at the first start")
    up.add_argument("--first-address", help="first LoadBalancer address in 127.0.0.0/8; fixed at the first start")
    down = commands.add_parser("down", help="stop the cluster and keep its data")
    down.add_argument("--purge", action="store_true", help="delete its data too")
    status = commands.add_parser("status", help="print the status; exit code 0 only if the cluster is ready")
    status.add_argument("--json", action="store_true", help="print JSON")
    logs = commands.add_parser("logs", help="print the log of a component")
    logs.add_argument("component", nargs="?", default="supervisor", help="kubelet, etcd, cloud ...")
    logs.add_argument("-f", "--follow", action="store_true", help="follow the log until interrupted")
    load = commands.add_parser("load-image", help="import an image archive of `docker save`")
    load.add_argument("archive", type=Path)
    commands.add_parser("kubeconfig", help="print the path of a kubeconfig for this machine")
    arguments = parser.parse_args()
    return exit_code(lambda: _run(arguments))


def _run(arguments: argparse.Namespace) -> int:
    if arguments.command == "up":
        preflight.check_possible()
        cluster = Cluster(arguments.name, api_port=arguments.api_port, first_address=arguments.first_address)
        with Progress() as progress:
            tools = supplies.for_local_cluster(progress)
            cluster.up(tools, archives(tools, progress), progress)
        print(f"The cluster {arguments.name} is ready. To use it: export KUBECONFIG={cluster.kubeconfig()}")
        return 0
    cluster = Cluster(arguments.name)
    if arguments.command == "down":
        cluster.down(purge=arguments.purge)
        data = "deleted" if arguments.purge else "kept"
        print(f"The cluster {arguments.name} is stopped. Its data is {data}.")
    elif arguments.command == "status":
        found = cluster.status()
        print(found.json()) if arguments.json else found.print(Console(highlight=False))
        return 0 if found.healthy else 1
    elif arguments.command == "logs":
        log = cluster.log(arguments.component)
        os.execvp("tail", ["tail", f"--lines={_LINES}", *(["-F"] if arguments.follow else []), str(log)])  # noqa: S606
    elif arguments.command == "load-image":
        print("\n".join(cluster.load_image(arguments.archive)))
    else:
        print(cluster.kubeconfig())
    return 0


if __name__ == "__main__":
    sys.exit(main())
