"""Weights that the course trained itself, as safetensors."""
