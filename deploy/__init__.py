"""What it takes to run the lakehouse in an account: its price, its size, its workflow."""
