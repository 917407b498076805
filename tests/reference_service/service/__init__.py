"""A service that meets the contract with nothing but Python's standard library."""
