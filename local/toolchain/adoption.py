"""Use what the cache has and this state directory knows nothing of: a CI job may keep the cache alone."""

from collections.abc import Iterable

from local.toolchain.progress import Progress
from local.toolchain.store import Store
from local.toolchain.write_access import others_may_change


def adopt(directories: Iterable[tuple[Store, str]], progress: Progress) -> None:
    """Record directories that are not recorded yet, if nobody else can have changed them, and print their keys.

    The others are made again, and a message says why.
    """
    adopted: list[str] = []
    refused: dict[str, list[str]] = {}
    for store, key in directories:
        if not store.is_unrecorded(key):
            continue
        if reason := others_may_change(store.root / key):
            refused.setdefault(reason, []).append(key)
        elif store.record(key, lambda holder: progress.say(f"  waiting for another set-up ({holder})")):
            adopted.append(key)
    if adopted:
        progress.say(f"Using what the cache has, because nobody else could change it: {', '.join(adopted)}.")
    for reason, keys in refused.items():
        progress.say(
            f"These are made again, because others could change them ({reason}): {', '.join(keys)}.\n"
            "If nobody has changed them, stop this run, correct the owner or the mode, and run the same command again."
        )
