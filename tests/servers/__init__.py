"""Real servers, started, worked, told to end, and watched until they have."""
