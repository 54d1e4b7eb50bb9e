"""`make acceptance`: measures what an issue asks for and prints its table."""
