"""What every folder may use: words, files, locks, tables in JSON, and the progress of a long task."""
