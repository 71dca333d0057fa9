"""A page for browsers, run by LiteRT.js."""
