"""Who may come in: keys, origins, rates; and what every answer says to browsers."""
