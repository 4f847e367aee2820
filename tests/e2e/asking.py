"""Requests to Gateways and to the echo app, for the long tests."""

import json
import socket

from tests.live.live_stack import LiveStack


def address_of(stack: LiveStack, gateway: str) -> str:
    one = ("get", "gateway", gateway, "-n", stack.outputs["namespace"], "-o")
    return stack.kubectl(*one, "jsonpath={.status.addresses[0].value}")


def answer_to(address: str, beginning: bytes, patience_s: float) -> bytes:
    """Send these bytes and return the answer; empty if the connection is closed instead."""
    with socket.create_connection((address, 80), timeout=patience_s) as stream:
        try:
            stream.sendall(beginning)
            return stream.recv(1000)
        except ConnectionError:
            return b""


def count(stack: LiveStack, path: str) -> int:
    """Number of requests for `path` that all pods of the app report."""
    namespace = stack.outputs["namespace"]
    pods = ("pods", "-n", namespace, "-l", "app.kubernetes.io/name=echo")
    names = stack.kubectl("get", *pods, "-o", "jsonpath={.items[*].metadata.name}")
    proxies = [f"/api/v1/namespaces/{namespace}/pods/{name}:8080/proxy/counts" for name in names.split()]
    return sum(json.loads(stack.kubectl("get", "--raw", proxy)).get(path, 0) for proxy in proxies)
