"""Partners and backends: a gapless feed of updates of the appeals they may follow, signed webhooks, and external numbers."""
