"""The gateway's books: orders, their states, the money, the clock."""
