"""From a recording to evidence."""
