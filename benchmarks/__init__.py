"""What the README claims about time and memory, measured."""
