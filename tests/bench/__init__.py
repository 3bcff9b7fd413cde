"""How fast qftools is, side by side with the floor and with what a user would take instead.

    python -m tests.bench            everything, a quarter of an hour; writes results.json
    python -m tests.bench --quick    what needs no peers, in less than two minutes; writes nothing

Each subject is a module with a table of rows; the same rows make the run and the site's page.
A mark never fails anything: the exit status tells only whether all could be measured.
"""
