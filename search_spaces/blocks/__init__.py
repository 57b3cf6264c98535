"""The building blocks of the case studies, one file per family; they need torch alone."""
