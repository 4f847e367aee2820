"""The packages of the Pulumi program, which run without `local` and `tools`."""

PROGRAM = (
    "checks",
    "components",
    "config",
    "diagnostics",
    "explain",
    "gatewayapi",
    "health",
    "judge",
    "kube",
    "preview",
    "releases",
)
