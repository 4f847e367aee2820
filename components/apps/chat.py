"""Chat: SynergyChat's page, API and crawler, connected to each other."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.apps.secrets import Secrets, create_secrets
from components.apps.workload import Workload, WorkloadArgs
from components.backend import Backend
from config import AppConfig, ChatSettings
from kube.namespace import Namespace, create_restricted_namespace


@dataclass(frozen=True, kw_only=True)
class ChatArgs:
    settings: ChatSettings


class Chat(pulumi.ComponentResource):
    """The chat's namespace, the stack's Secrets and the three workloads.

    The namespace enforces the *restricted* Pod Security Standard. The page gets the API's public URL, the API the
    crawler's address inside the cluster.
    """

    namespace: Namespace
    secrets: Secrets
    backends: Mapping[str, Backend]
    """Backends of the three workloads, by their keys in the config."""
    names: Mapping[str, str]
    """Names of the workloads' objects, by their keys in the config."""

    def __init__(self, name: str, args: ChatArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("synergychat:index:Chat", name, None, opts)

        settings, here = args.settings, pulumi.ResourceOptions(parent=self)
        self.namespace = create_restricted_namespace(
            name,
            settings.namespace,
            pulumi.ResourceOptions.merge(here, pulumi.ResourceOptions(protect=settings.protect)),
            default_deny=settings.default_deny,
        )
        self.secrets = create_secrets(settings.secrets, self.namespace, here)

        def workload(key: str, config: AppConfig, environment: Mapping[str, str], health_path: str) -> Workload:
            args = WorkloadArgs(
                settings=config,
                namespace=self.namespace,
                secrets=self.secrets,
                environment=environment,
                health_path=health_path,
                timeout_s=settings.timeout_s,
            )
            return Workload(f"{name}-{key}", args, here)

        crawler = workload("crawler", settings.crawler, _crawler_environment(settings), "/healthz")
        api = workload("api", settings.api, _api_environment(settings, crawler.base_url), "/healthz")
        page = {"WEB_PORT": str(settings.web.port), "API_URL": settings.api_url}
        web = workload("web", settings.web, page, "/")

        self.backends = {"web": web.backend, "api": api.backend, "crawler": crawler.backend}
        self.names = {key: f"{name}-{key}" for key in self.backends}
        self.register_outputs({"namespace": self.namespace.name})


def _crawler_environment(chat: ChatSettings) -> dict[str, str]:
    return {"CRAWLER_PORT": str(chat.crawler.port), "CRAWLER_KEYWORDS": ",".join(chat.crawler.keywords)}


def _api_environment(chat: ChatSettings, crawler_url: str) -> dict[str, str]:
    # Without a file it keeps the messages in memory.
    volume = chat.api.persistence
    database = {"API_DB_FILEPATH": f"{volume.path}/messages.json"} if volume else {}
    return {"API_PORT": str(chat.api.port), "CRAWLER_BASE_URL": crawler_url, **database}
