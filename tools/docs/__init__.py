"""Files that are generated from the models in `config` and committed."""
