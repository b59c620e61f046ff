"""Values that travel between the layers: frozen, without I/O."""
