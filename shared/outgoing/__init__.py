"""What a service sends to systems and people outside: signed webhooks to checked addresses, and messages by mail or into a folder."""
