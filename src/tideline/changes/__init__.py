"""What a change of contract files does: earlier versions from git, waivers, who is hit, and how it is told."""
