"""Chat: SynergyChat's page, API and crawler, wired to each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.apps.secrets import Secrets
from components.apps.workload import Backend, Workload, WorkloadArgs
from config import ApiConfig, AppConfig, CrawlerConfig, WebConfig
from kube.namespace import Namespace
from preview.recorder import declared_by


@dataclass(frozen=True, kw_only=True)
class ChatArgs:
    namespace: str
    default_deny: bool = False
    """Whether connections are refused in it that no NetworkPolicy allows."""
    api_url: str
    """The API's public URL: the page calls it from the reader's browser."""
    web: WebConfig
    api: ApiConfig
    crawler: CrawlerConfig
    secrets: Mapping[str, Mapping[str, str]]
    """Contents of the namespace's Secrets, by name."""
    timeout_s: int


class Chat(pulumi.ComponentResource):
    """The chat's namespace, where only *restricted* pods may run, the stack's Secrets and the three workloads in it.

    The page is told the API's public URL, the API the crawler's address inside the cluster.
    """

    namespace: Namespace
    secrets: Secrets
    web: Backend
    api: Backend
    backends: Mapping[str, Backend]
    """All three, by the names that stack config has for them."""
    names: Mapping[str, str]
    """What their objects are called, by these names."""
    calls: Mapping[str, Sequence[str]]
    """Who calls whom."""

    def __init__(self, name: str, args: ChatArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("synergychat:index:Chat", name, None, opts)

        here = pulumi.ResourceOptions(parent=self)
        self.namespace = Namespace.restricted(name, args.namespace, here, default_deny=args.default_deny)
        self.secrets = Secrets.made(args.secrets, self.namespace, here)

        def workload(app: str, settings: AppConfig, environment: Mapping[str, str], health_path: str) -> Workload:
            with declared_by(app, parts={}):
                return Workload(
                    f"{name}-{app}",
                    WorkloadArgs(
                        settings=settings,
                        namespace=self.namespace,
                        secrets=self.secrets,
                        environment=environment,
                        health_path=health_path,
                        timeout_s=args.timeout_s,
                    ),
                    here,
                )

        crawler = workload("crawler", args.crawler, _crawlers(args.crawler), "/healthz")
        api = workload("api", args.api, _apis(args.api, crawler.base_url), "/healthz")
        web = workload("web", args.web, {"WEB_PORT": str(args.web.port), "API_URL": args.api_url}, "/")

        self.web = web.backend
        self.api = api.backend
        self.backends = {"web": web.backend, "api": api.backend, "crawler": crawler.backend}
        self.names = {app: f"{name}-{app}" for app in self.backends}
        self.calls = {"api": ["crawler"]}
        self.register_outputs({"namespace": self.namespace.name})


def _crawlers(settings: CrawlerConfig) -> dict[str, str]:
    return {"CRAWLER_PORT": str(settings.port), "CRAWLER_KEYWORDS": ",".join(settings.keywords)}


def _apis(settings: ApiConfig, crawler_url: str) -> dict[str, str]:
    # Without a file it keeps the messages in memory.
    database = {"API_DB_FILEPATH": f"{settings.persistence.path}/messages.json"} if settings.persistence else {}
    return {"API_PORT": str(settings.port), "CRAWLER_BASE_URL": crawler_url, **database}
