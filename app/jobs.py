"""What producers and workers agree on: queue names, job names, the bell. Alone in knowing that the queue is arq."""

from app.domain.records import Lane

DRAIN = "drain"
"""Job: bring in step whatever is due. Arguments: connection id, lane."""

QUEUES = {Lane.INTERACTIVE: "tandem:interactive", Lane.BULK: "tandem:bulk"}
