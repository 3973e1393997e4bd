"""Both ends of the wire between the processes of a machine."""
