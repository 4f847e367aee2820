"""Apps: the chat, further apps of the config, and the workloads, Secrets and network policies that they consist of."""
