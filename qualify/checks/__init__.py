"""What `audit_deals` looks for, one group of checks per file; each check yields the findings it has."""
