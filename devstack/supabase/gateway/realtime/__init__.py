"""`/realtime/v1`: tells of changes of tables over a websocket, from the database's own log of changes."""
