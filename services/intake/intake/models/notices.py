"""What leaves for applicants."""
