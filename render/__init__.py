"""Render: a stack's plan as YAML files, for kubectl, kustomize, Argo CD or Flux. Pure functions: nothing is written."""

from render.files import Options, render
from render.objects import RenderError

__all__ = ["Options", "RenderError", "render"]
