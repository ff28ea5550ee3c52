"""The site: the output directory, the program's own files in it, and the path lists for a copying step."""
