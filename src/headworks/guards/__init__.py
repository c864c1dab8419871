"""What judges questions and answers."""
