"""The Sage Intacct simulator: the XML gateway of one company, stateful and faithful on the wire.

Wire (`app`, `envelope`, `shapes`) is kept apart from behaviour (`gateway`, `functions`, `writing`, `querying`...).
Nothing here imports the product; the only packages it knows are the simulators' kit, lxml and Starlette.
"""
