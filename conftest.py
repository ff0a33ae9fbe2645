"""Everything pytest does here beyond its own is in `katagrad.plugin`."""

pytest_plugins = ("katagrad.plugin",)
