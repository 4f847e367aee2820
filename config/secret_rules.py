"""The rules that keep secrets out of what is shown and kept in clear."""

from config.given import Broken, Given, group, items


def rules(given: Given) -> Broken:
    for index, each in enumerate(map(group, items(given.get("objects")))):
        if (each.get("apiVersion"), each.get("kind")) == ("v1", "Secret"):
            yield (
                ("objects", str(index), "kind"),
                "goes into secrets: here its content would be shown and kept in clear",
            )
