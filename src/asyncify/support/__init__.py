"""The sources of what asyncify writes into the user's package, each tested on its own."""
