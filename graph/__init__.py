"""How work moves from station to station: LangGraph state, nodes and routes."""
