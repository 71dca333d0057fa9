"""Many runs of one recipe: what each choice costs, and how forecasts hold up over time."""
