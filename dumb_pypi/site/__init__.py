"""The site: the output directory, what the program keeps in it for its next run, and the lists for a copying step."""
