"""Plans and diffs in words: for a terminal, for a pull request, for a program."""
