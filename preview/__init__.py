"""Preview: record everything that the program declares, and validate it before the engine gets any of it."""

from preview.preview import Preview
from preview.recorder import config_source

__all__ = ["Preview", "config_source"]
