"""Chat: SynergyChat's page, API and crawler, wired to each other."""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.labels import metadata
from components.workload import Backend, Workload, WorkloadArgs
from config import ApiConfig, CrawlerConfig, WebConfig

_POD_SECURITY = {
    "pod-security.kubernetes.io/enforce": "restricted",
    "pod-security.kubernetes.io/enforce-version": "latest",
}


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

    namespace: pulumi.Output[str]
    web: Backend
    api: Backend

    def __init__(self, name: str, args: ChatArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("synergychat:index:Chat", name, None, opts)

        namespace = k8s.core.v1.Namespace(
            f"{name}-namespace",
            metadata=metadata(name, args.namespace, extra_labels=_POD_SECURITY),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.namespace = namespace.metadata["name"]
        here = pulumi.ResourceOptions(parent=self)
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
        self.register_outputs({"namespace": self.namespace})
