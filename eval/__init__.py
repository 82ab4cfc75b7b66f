"""The evaluation: hand-written questions, what counts as right, and the bar for a release."""
