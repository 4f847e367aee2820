"""What is written from the models in `config`, and committed. `python -m tools.docs` writes it anew."""
