"""How a user's table is opened, and its cells become answers: the inside of `qualify.deals`."""
