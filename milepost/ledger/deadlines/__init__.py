"""Events and deadlines that reach people: a calendar, and messages that are sent once."""
