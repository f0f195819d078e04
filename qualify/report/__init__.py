"""Results as pages: one HTML file each that needs nothing beside it."""
