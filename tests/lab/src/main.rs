//! `mrp-lab`: the simulated server as a program.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;

use mrp_lab::{Lab, Release, ServerKind, Sessions};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

const HELP: &str = "usage: mrp-lab [--listen ADDRESS:PORT] [--machines N] [--sessions request|one] [--release 0.3.1|0.3.2]

Runs a simulated Mr-Provisioner server in memory until it is stopped.
Its first line of output is its base URL; without --listen, or with port 0, the port is a free one.
--machines adds N generated machines with four interfaces each to the seeded ones.
--sessions one runs it with one database session for all requests, as the server's command tornado does.
--release 0.3.1 answers as that release; without it, as the commit of the recordings, which calls itself 0.3.2.
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (mut address, mut machines) = ("127.0.0.1:0", "0");
    let (mut sessions, mut release) = ("request", "0.3.2");
    for pair in words.chunks(2) {
        match pair {
            [word, value] if word == "--listen" => address = value,
            [word, value] if word == "--machines" => machines = value,
            [word, value] if word == "--sessions" => sessions = value,
            [word, value] if word == "--release" => release = value,
            [word] if ["--help", "-h"].contains(&word.as_str()) => {
                print(HELP);
                return ExitCode::SUCCESS;
            }
            _ => {
                return fail(
                    "mrp-lab takes --listen ADDRESS:PORT, --machines N, --sessions request or one, --release 0.3.1 or 0.3.2, \
                     and --help, nothing else.",
                );
            }
        }
    }
    run(address, machines, sessions, release)
}

fn run(address: &str, machines: &str, sessions: &str, release: &str) -> ExitCode {
    let Ok(address) = address.parse::<SocketAddr>() else {
        return fail(&format!("{address} is no address such as 127.0.0.1:5055."));
    };
    let Ok(machines) = machines.parse::<usize>() else {
        return fail(&format!("{machines} is no number of machines."));
    };
    let Some(sessions) = Sessions::from_name(sessions) else {
        return fail(&format!("--sessions is request or one, not {sessions}."));
    };
    let Some(release) = Release::from_name(release) else {
        return fail(&format!("--release is 0.3.1 or 0.3.2, not {release}."));
    };
    let kind = ServerKind { sessions, release };
    let lab = match Lab::listen(address, machines, kind) {
        Ok(lab) => lab,
        Err(error) => return fail(&format!("mrp-lab cannot listen on {address}: {error}.")),
    };
    print(&format!("{}\n", lab.url()));
    // Dropping the lab removes the folder with the uploads.
    match Signals::new([SIGINT, SIGTERM]) {
        Ok(mut signals) => drop(signals.forever().next()),
        Err(error) => return fail(&format!("mrp-lab cannot wait for signals: {error}.")),
    }
    ExitCode::SUCCESS
}

/// Prints a text. A closed output is not an error.
fn print(text: &str) {
    let mut out = std::io::stdout();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn fail(sentence: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "{sentence}");
    ExitCode::from(2)
}
