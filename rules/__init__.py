"""The rule packs that come with asyncify: one TOML file a library, data only."""
