"""`python -m tools.docs`: write all generated files."""

from pathlib import Path

from tools.docs import checks, config_keys, project, stack_schema, stacks

ROOT = Path(__file__).resolve().parents[2]

(ROOT / "Pulumi.yaml").write_text(project.render())
(ROOT / "docs" / "config.md").write_text(config_keys.render())
(ROOT / "docs" / "checks.md").write_text(checks.render())
(ROOT / "docs" / "stacks.md").write_text(stacks.render())
(ROOT / "config.schema.json").write_text(stack_schema.render())
