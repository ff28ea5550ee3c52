"""The list: from bytes to projects. `lines` holds its format, the other rooms what is done with a line."""
