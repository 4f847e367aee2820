"""What is written from the models in `config`, and committed. `python -m reference` writes it anew."""
