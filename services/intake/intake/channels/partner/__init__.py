"""Partners and backends: a gapless feed of what happened to the appeals they may follow, signed webhooks, numbers of their own."""
