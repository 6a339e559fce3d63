//! `mrp-lab`: the simulated server as a program.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;

use mrp_lab::Lab;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

const HELP: &str = "usage: mrp-lab [--listen ADDRESS:PORT]

Runs a simulated Mr-Provisioner server in memory until it is stopped.
Its first line of output is its base URL; without --listen, or with port 0, the port is a free one.
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        [] => run("127.0.0.1:0"),
        ["--listen", address] => run(address),
        ["--help" | "-h"] => {
            say(HELP);
            ExitCode::SUCCESS
        }
        _ => complain("mrp-lab takes --listen ADDRESS:PORT and --help, nothing else."),
    }
}

fn run(address: &str) -> ExitCode {
    let Ok(address) = address.parse::<SocketAddr>() else {
        return complain(&format!("{address} is no address such as 127.0.0.1:5055."));
    };
    let lab = match Lab::listen(address) {
        Ok(lab) => lab,
        Err(error) => return complain(&format!("mrp-lab cannot listen on {address}: {error}.")),
    };
    say(&format!("{}\n", lab.url()));
    // The folder with the uploads goes when the lab does.
    match Signals::new([SIGINT, SIGTERM]) {
        Ok(mut signals) => drop(signals.forever().next()),
        Err(error) => return complain(&format!("mrp-lab cannot wait for signals: {error}.")),
    }
    ExitCode::SUCCESS
}

/// Whoever closed the output does not want to know.
fn say(text: &str) {
    let mut out = std::io::stdout();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn complain(sentence: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "{sentence}");
    ExitCode::from(2)
}
