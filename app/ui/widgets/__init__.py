"""Small widgets that know nothing of conversations or models."""
