"""Helpers shared by the black-box tests: a scripted DNS server and a receiver that acts as ssh does."""
