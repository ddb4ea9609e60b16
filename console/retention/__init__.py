"""``bodycam-vault retention …``: what is due when, what is held and why, what the coming sweep will take."""

import typer

from console.retention import coming, overviews

app = typer.Typer(no_args_is_help=True, help="Terms: what is due when, what is held, what will be taken.")
app.command("overview")(overviews.overview)
app.command("coming")(coming.coming)
