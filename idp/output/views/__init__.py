"""How each command's result looks to a person: one module a command, from data to Rich renderables.

Each has `view(data)`, which yields the parts to print, one after the other.
"""
