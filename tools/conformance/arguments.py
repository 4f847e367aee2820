"""Flags of the suite: https://gateway-api.sigs.k8s.io/concepts/conformance/ and `conformance -help`."""

from collections.abc import Mapping
from pathlib import Path

from tools.conformance.exclusions import FEATURES
from tools.conformance.target import Target

_PROFILES = ("GATEWAY-HTTP", "GATEWAY-TLS", "GATEWAY-GRPC")
_TIMEOUT = "60m"
_ALWAYS = (
    "-test.v=test2json",  # otherwise the end of a test is printed only after all tests have ended
    f"-test.timeout={_TIMEOUT}",
    # Reserved by RFC 5737 and RFC 2606: nothing is sent there. Envoy Gateway accepts an IP address, but not a name.
    "-usable-address=192.0.2.1",
    "-unusable-address=gateway.example.com",
    "-organization=envoyproxy",
    "-project=envoy-gateway",
    "-url=https://github.com/envoyproxy/gateway",
    "-contact=https://github.com/envoyproxy/gateway/blob/main/GOVERNANCE.md",
)


def arguments(target: Target, only: str, report: Path, mark: Mapping[str, str]) -> list[str]:
    """Return the flags to test all that the class supports and write a report, or to run only the test `only`.

    `mark` has the labels for the suite's namespaces.
    """
    labels = ",".join(f"{name}={value}" for name, value in mark.items())
    flags = [*_ALWAYS, f"-namespace-labels={labels}"]
    flags += [f"-gateway-class={target.gateway_class}", f"-version={target.controller}"]
    if only:
        return [*flags, f"-run-test={only}"]
    flags += [f"-conformance-profiles={','.join(_PROFILES)}", f"-report-output={report}"]
    if target.features:
        return [*flags, f"-supported-features={','.join(target.features)}"]
    return [*flags, "-all-features", f"-exempt-features={','.join(FEATURES)}"]
