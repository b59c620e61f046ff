"""Downloads models, in a process of its own. ``network`` alone touches the network, and only that process loads it."""
