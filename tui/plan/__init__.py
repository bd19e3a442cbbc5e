"""What is to be done: the plan, how it is read, and what is wrong with it."""
