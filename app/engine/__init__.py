"""Inference: a prompt in, tokens out. Knows nothing of conversations or of what the tokens mean."""
