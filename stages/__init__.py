"""What each subcommand does, as functions a Python caller can use too."""
