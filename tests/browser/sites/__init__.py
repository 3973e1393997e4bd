"""Sites with habits of their own, each of which tables and forms must live with."""
