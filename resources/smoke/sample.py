print("The inglenook is warm.")
