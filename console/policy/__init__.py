"""``bodycam-vault policy …``: what the rule sets say, tried out, told in plain words, changed by two."""

import typer

from console.policy import changing, describing, explaining, foreseeing

app = typer.Typer(
    no_args_is_help=True, help="Rule sets: test, describe, compare, propose, activate, explain."
)
app.command("describe")(describing.tell)
app.command("records")(describing.tell_records)
app.command("propose")(changing.propose)
app.command("activate")(changing.activate)
app.command("withdraw")(changing.withdraw)
app.command("show")(changing.show)
app.command("list")(changing.listed)
app.command("what-if")(foreseeing.what_if)
app.command("explain")(explaining.explain)
