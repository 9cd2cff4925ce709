"""What causes the drop of a simulated study: factors of the protocol are replaced one by one."""
