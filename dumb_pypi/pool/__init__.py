"""The list maker, `dumb-pypi-list`: the one part that opens distribution files. The generator never imports it."""
