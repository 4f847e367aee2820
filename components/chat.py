"""Chat: SynergyChat's page, API and crawler, wired to each other."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.namespace import Namespace
from components.workload import Backend, Workload, WorkloadArgs
from config import ApiConfig, CrawlerConfig, WebConfig


@dataclass(frozen=True, kw_only=True)
class ChatArgs:
    namespace: str
    api_url: str
    """The API's public URL: the page calls it from the reader's browser."""
    web: WebConfig
    api: ApiConfig
    crawler: CrawlerConfig
    timeout_s: int


class Chat(pulumi.ComponentResource):
    """The chat's namespace, where only *restricted* pods may run, and its three workloads in it.

    The page is told the API's public URL, the API the crawler's address inside the cluster.
    """

    namespace: Namespace
    web: Backend
    api: Backend
    backends: Mapping[str, Backend]
    """All three, by the names that stack config has for them."""

    def __init__(self, name: str, args: ChatArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("synergychat:index:Chat", name, None, opts)

        here = pulumi.ResourceOptions(parent=self)
        self.namespace = Namespace.restricted(name, args.namespace, here)
        crawler = Workload(
            f"{name}-crawler",
            WorkloadArgs(
                settings=args.crawler,
                namespace=self.namespace,
                environment={
                    "CRAWLER_PORT": str(args.crawler.port),
                    "CRAWLER_KEYWORDS": ",".join(args.crawler.keywords),
                },
                health_path="/healthz",
                timeout_s=args.timeout_s,
            ),
            here,
        )
        api = Workload(
            f"{name}-api",
            WorkloadArgs(
                settings=args.api,
                namespace=self.namespace,
                environment={"API_PORT": str(args.api.port), "CRAWLER_BASE_URL": crawler.base_url},
                health_path="/healthz",
                timeout_s=args.timeout_s,
            ),
            here,
        )
        web = Workload(
            f"{name}-web",
            WorkloadArgs(
                settings=args.web,
                namespace=self.namespace,
                environment={"WEB_PORT": str(args.web.port), "API_URL": args.api_url},
                health_path="/",
                timeout_s=args.timeout_s,
            ),
            here,
        )

        self.web = web.backend
        self.api = api.backend
        self.backends = {"web": web.backend, "api": api.backend, "crawler": crawler.backend}
        self.register_outputs({"namespace": self.namespace.name})
