"""The web layer, driven as browsers and programs drive it."""
