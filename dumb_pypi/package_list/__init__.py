"""The list: from bytes to projects. `lines` defines the format; the other modules work with the lines."""
