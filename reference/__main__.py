"""`python -m reference`: write all of it anew."""

from pathlib import Path

from reference import keys, layer, schema, stacks

ROOT = Path(__file__).resolve().parent.parent

(ROOT / "docs" / "config.md").write_text(keys.render())
(ROOT / "docs" / "stacks.md").write_text(stacks.render())
(ROOT / "config.schema.json").write_text(schema.render())

recipes = ROOT / "docs" / "gateway.md"
recipes.write_text(layer.with_table(recipes.read_text()))
