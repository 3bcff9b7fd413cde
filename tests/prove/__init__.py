"""The proof: random schedules of faults, payers and kills; every verdict against the books."""
