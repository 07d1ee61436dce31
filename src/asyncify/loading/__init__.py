"""From the text of a rule pack to checked values, section by section."""
