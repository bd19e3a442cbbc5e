"""The steps that build images and pull them."""
