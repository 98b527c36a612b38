//! The ask/tell server inside a program: JSON lines on standard input and output. The command
//! `automl serve --stdio` does the same; `ask_tell.py` is a client.
//!
//! Run: `python3 examples/ask_tell.py target/release/serve`

fn main() -> std::io::Result<()> {
    automl::serve::serve(std::io::stdin().lock(), std::io::stdout().lock())
}
