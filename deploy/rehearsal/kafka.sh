#!/bin/bash
# Start a broker from variables as the image apache/kafka does: KAFKA_NODE_ID is node.id.
set -eu
settings=/opt/kafka/config/server.properties
env | sed -n 's/^KAFKA_\([A-Z_]*\)=/\1=/p' | while IFS='=' read -r name value; do
  [ "$name" = HEAP_OPTS ] || echo "$(tr A-Z_ a-z. <<<"$name")=$value"
done > "$settings"
java $KAFKA_HEAP_OPTS -cp "/opt/kafka/libs/*" kafka.tools.StorageTool format --ignore-formatted -t "$CLUSTER_ID" -c "$settings"
exec java $KAFKA_HEAP_OPTS -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "/opt/kafka/libs/*" kafka.Kafka "$settings"
