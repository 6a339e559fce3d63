//! Whether a host answers on a TCP port, and with which first line.

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// How long to wait for a connection, and then for the first line: machines are looked at again and again.
const PATIENCE: Duration = Duration::from_secs(2);

/// The most that is read of what the host sends. An SSH server may send other lines before its own.
const MOST_READ: usize = 1024;

/// The longest line that is kept.
const LONGEST_LINE: usize = 120;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TcpAnswer {
    /// The host is not there, or refuses the connection, or ends it at once.
    Closed,
    Open {
        /// The line that SSH servers begin with, else the first one; None from a server that lets its client begin.
        banner: Option<String>,
    },
}

/// Connects, and reads the first line.
pub(crate) fn ask(address: Ipv4Addr, port: u16) -> TcpAnswer {
    let address = SocketAddr::from((address, port));
    let Ok(mut connection) = TcpStream::connect_timeout(&address, PATIENCE) else {
        return TcpAnswer::Closed;
    };
    if connection.set_read_timeout(Some(PATIENCE)).is_err() {
        return TcpAnswer::Closed;
    }
    let mut read = Vec::new();
    let mut buffer = [0; 256];
    loop {
        match connection.read(&mut buffer) {
            // A port that is forwarded, or a server that is overloaded, accepts and closes.
            Ok(0) if read.is_empty() => return TcpAnswer::Closed,
            Ok(0) | Err(_) => break,
            Ok(count) => read.extend_from_slice(&buffer[..count]),
        }
        if read.len() >= MOST_READ || ssh_line(&read).is_some() {
            break;
        }
    }
    let banner = ssh_line(&read).or_else(|| lines(&read).into_iter().next());
    TcpAnswer::Open { banner }
}

fn ssh_line(read: &[u8]) -> Option<String> {
    let is_whole = read.ends_with(b"\n");
    let lines = lines(read);
    let at = lines.iter().position(|line| line.starts_with("SSH-"))?;
    (is_whole || at + 1 < lines.len()).then(|| lines[at].clone())
}

/// The lines without control characters, cut to a bounded length.
fn lines(read: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(read);
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| {
            let shown = line.chars().filter(|letter| !letter.is_control());
            shown.take(LONGEST_LINE).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;

    use super::*;

    /// What is found where a server sends this and closes.
    fn ask_one_that_sends(bytes: &'static [u8]) -> TcpAnswer {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut connection, _) = listener.accept().unwrap();
            connection.write_all(bytes).unwrap();
        });
        let answer = ask(Ipv4Addr::LOCALHOST, port);
        server.join().unwrap();
        answer
    }

    #[test]
    fn line_of_an_ssh_server_is_found_behind_others() {
        for (bytes, banner) in [
            (&b"SSH-2.0-OpenSSH_9.2\r\n"[..], "SSH-2.0-OpenSSH_9.2"),
            (b"Welcome\r\n\r\nSSH-2.0-x\r\n", "SSH-2.0-x"),
            (b"220 \x1b[31mmail\n", "220 [31mmail"),
            (b"no end", "no end"),
        ] {
            let banner = Some(banner.to_owned());
            assert_eq!(ask_one_that_sends(bytes), TcpAnswer::Open { banner });
        }
    }

    #[test]
    fn port_that_closes_at_once_does_not_answer() {
        assert_eq!(ask_one_that_sends(b""), TcpAnswer::Closed);
    }
}
