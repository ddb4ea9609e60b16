"""``bodycam-vault policy …``: what the rule sets say, tried out, told in plain words, changed by two."""

import typer

from console.policy import describing, matrices, testing

app = typer.Typer(
    no_args_is_help=True, help="Rule sets: test, describe, compare, propose, activate, explain."
)
app.command("test")(testing.run)
app.command("matrix")(matrices.write)
app.command("describe")(describing.tell)
app.command("records")(describing.tell_records)
