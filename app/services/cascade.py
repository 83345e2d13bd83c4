"""A new record takes its children along: a project its tasks (product.md 1.1 R3). Children are wishes of their own."""

from collections.abc import Sequence

from app.domain.decisions import Result, Settlement
from app.domain.declaration import NAMESPACE, SyncedObject
from app.domain.plan import in_namespace, prefix_of
from app.objects import CATALOGUE
from app.services import intake
from app.services.context import Context, Pair
from app.services.planning import DEFAULT_NAMESPACE, enabled
from app.store.tables import Connection
from app.sync.ports import Claim


async def take_along(
    context: Context,
    connection: Connection,
    declared: SyncedObject,
    pair: Pair,
    claims: Sequence[Claim],
    settlements: Sequence[Settlement],
) -> None:
    """Wish the children of every record that was created in this run, or whose run was repeated after a crash.

    Before the run is settled, so that a crash in between repeats it; a child that is in step already stays unchanged.
    Raises SyncError when Salesforce cannot be asked.
    """
    parents = {
        claim.record_id: claim
        for claim, said in zip(claims, settlements, strict=True)
        if said.achieved is Result.CREATED or (claim.fence > 1 and said.error is None)
    }
    if not parents:
        return
    namespace = connection.settings.get("namespace", DEFAULT_NAMESPACE)
    for child in (CATALOGUE[name] for name in declared.cascade if enabled(connection, CATALOGUE[name])):
        row = next(row for row in child.fields if row.refers_to == declared.name and row.required)
        look_up = row.salesforce.replace(NAMESPACE, prefix_of(namespace))
        kind = in_namespace(child, namespace).salesforce.kind
        found = await pair.salesforce.find(kind, {look_up: sorted(parents)}, [look_up])
        for parent_id, claim in sorted(parents.items()):
            ids = sorted(record.key for record in found if record.values.get(look_up) == parent_id)
            if ids:
                await intake.wish(
                    context,
                    connection,
                    child.name,
                    ids,
                    origin="cascade",
                    correlation_id=claim.operation_id,
                    parent_id=claim.operation_id,
                )
