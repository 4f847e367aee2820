"""Keys of any Kubernetes object."""

from pydantic import Field

from config.base import OpenSection
from config.values import Label, Text


class MetadataConfig(OpenSection):
    name: Text = Field(description="Its name.")
    namespace: Label | None = Field(default=None, description="Its namespace, if its kind has one.")
    labels: dict[str, str] = Field(default={}, description="Its labels.")
    annotations: dict[str, str] = Field(default={}, description="Its annotations.")


class ObjectConfig(OpenSection):
    """Any Kubernetes object."""

    api_version: Text = Field(description="Group and version of its kind, such as `gateway.envoyproxy.io/v1alpha1`.")
    kind: Text = Field(description="Its kind.")
    metadata: MetadataConfig = Field(description="Its metadata.")
