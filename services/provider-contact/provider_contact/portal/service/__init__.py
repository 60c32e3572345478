"""Use cases of the portal: the inbox, drafts, templates, registered statements, figures."""
