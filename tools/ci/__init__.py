"""The logic of the workflows in `.github/workflows`: which stacks a change reaches, comments, labels and issues."""
