"""What writes the site's pages, and runs the code on them."""
