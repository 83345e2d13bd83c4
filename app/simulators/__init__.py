"""The other side of the wire: stand-ins for Salesforce and Sage Intacct.

A process of its own. Nothing here imports the product, and the product imports nothing from here except
`app.cli`, which starts it. No constant, parser or table is shared with the clients: a mistake made once
must not be made on both sides of the wire.
"""
