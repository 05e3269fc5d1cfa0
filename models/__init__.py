"""Networks, their loaders, and the checkpoint hub."""
