"""What happened: events, the state that they fold into, and the journal that keeps them."""
