"""Open deals: where they stand, what to find out next, what could be changed, what to bear in mind."""
