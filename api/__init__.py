"""Who asks and looks: REST, dashboard and command line."""
