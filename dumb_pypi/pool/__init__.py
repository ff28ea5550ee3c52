"""The list maker, `dumb-pypi-list`: the only part that opens distribution files. The generator never imports it."""
