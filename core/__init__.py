"""The words and the contracts of Night Rounds: records, seams, policy, settings, errors. Imports nothing else of ours."""
