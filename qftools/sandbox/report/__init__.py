"""What an integration did wrong, with evidence."""
