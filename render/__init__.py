"""Render: a stack's plan as YAML files, for kubectl, kustomize, Argo CD or Flux. Pure functions: nothing is written."""

from render.clean_objects import RenderError
from render.files import Options, render
from render.phases import Format
from render.secrets import Stubs

__all__ = ["Format", "Options", "RenderError", "Stubs", "render"]
