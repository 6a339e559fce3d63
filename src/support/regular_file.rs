//! Reading files that have an end: regular files of bounded size, and pipes where they are allowed. One that is encrypted
//! with Ansible Vault is refused: nobody wants its ciphertext.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::Duration;

use crate::support::vault;

/// How long a pipe may give nothing.
const PIPE_TIMEOUT: Duration = Duration::from_secs(10);

const CHUNK: usize = 64 * 1024;

/// Opens a regular file for reading, and no pipe, device or directory.
///
/// The type is checked before the file is opened, because opening a named pipe would block until its other end is
/// opened, and again afterwards, because the name may lead to another file by then.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    require_regular(&fs::metadata(path)?)?;
    let file = File::open(path)?;
    require_regular(&file.metadata()?)?;
    Ok(file)
}

/// Reads a regular file that is not larger than `limit` bytes.
pub(crate) fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    contents(&open(path)?, limit)
}

/// Reads the rest of an open file that is not larger than `limit` bytes.
pub(crate) fn contents(file: &File, limit: u64) -> io::Result<Vec<u8>> {
    // A file of gigabytes is refused without reading any of it. The size of a file of the kernel says nothing.
    if file.metadata()?.len() > limit {
        return Err(too_large(limit));
    }
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes)?;
    require_within(&bytes, limit)?;
    vault::require_plain(&bytes)?;
    Ok(bytes)
}

/// Like [`read`], also from a pipe: `<(command)` of a shell, or the standard input as `/dev/stdin`.
pub(crate) fn read_with_pipes(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    match fs::metadata(path)?.file_type().is_fifo() {
        true => read_pipe(path, limit, PIPE_TIMEOUT),
        false => read(path, limit),
    }
}

/// Reads a pipe in a thread of its own: nothing interrupts the wait for the other end.
fn read_pipe(path: &Path, limit: u64, timeout: Duration) -> io::Result<Vec<u8>> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let path = path.to_owned();
    thread::Builder::new().spawn(move || send_chunks(&path, &sender))?;
    let mut bytes = Vec::new();
    loop {
        match receiver.recv_timeout(timeout) {
            Ok(chunk) => bytes.extend(chunk?),
            Err(RecvTimeoutError::Disconnected) => {
                return vault::require_plain(&bytes).map(|()| bytes);
            }
            Err(RecvTimeoutError::Timeout) => {
                let seconds = timeout.as_secs_f64();
                return Err(io::Error::other(format!(
                    "it is a pipe through which nothing came for {seconds} s"
                )));
            }
        }
        require_within(&bytes, limit)?;
    }
}

/// Sends what comes through a pipe, and ends with the pipe or with the receiver.
fn send_chunks(path: &Path, sender: &SyncSender<io::Result<Vec<u8>>>) {
    let mut pipe = match File::open(path) {
        Ok(pipe) => pipe,
        Err(error) => return drop(sender.send(Err(error))),
    };
    let mut buffer = vec![0; CHUNK];
    loop {
        let chunk = match pipe.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => Ok(buffer[..count].to_vec()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        if sender.send(chunk).is_err() {
            return;
        }
    }
}

fn require_within(bytes: &[u8], limit: u64) -> io::Result<()> {
    match bytes.len() as u64 > limit {
        true => Err(too_large(limit)),
        false => Ok(()),
    }
}

fn too_large(limit: u64) -> io::Error {
    let limit = limit / (1024 * 1024);
    io::Error::other(format!("it is larger than {limit} MiB"))
}

fn require_regular(metadata: &Metadata) -> io::Result<()> {
    let kind = metadata.file_type();
    let name = if kind.is_file() {
        return Ok(());
    } else if kind.is_dir() {
        "a directory"
    } else if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    };
    Err(io::Error::other(format!(
        "it is {name} and not a regular file"
    )))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::process::Command;

    use super::*;

    const LIMIT: u64 = 1024 * 1024;

    fn pipe(folder: &tempfile::TempDir) -> PathBuf {
        let path = folder.path().join("pipe");
        let made = Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        path
    }

    fn message(result: io::Result<Vec<u8>>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn devices_pipes_and_folders_are_not_read() {
        let folder = tempfile::tempdir().unwrap();
        for (path, expected) in [
            (PathBuf::from("/dev/zero"), "it is a device"),
            (PathBuf::from("/dev/null"), "it is a device"),
            (pipe(&folder), "it is a pipe"),
            (folder.path().to_owned(), "it is a directory"),
        ] {
            let expected = format!("{expected} and not a regular file");
            assert_eq!(message(read(&path, LIMIT)), expected);
        }
        let expected = "it is a device and not a regular file";
        assert_eq!(
            message(read_with_pipes("/dev/zero".as_ref(), LIMIT)),
            expected
        );
    }

    #[test]
    fn file_above_the_limit_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for (size, is_read) in [(LIMIT, true), (LIMIT + 1, false), (1 << 40, false)] {
            File::create(&path).unwrap().set_len(size).unwrap();
            let result = read(&path, LIMIT);
            assert_eq!(result.is_ok(), is_read, "{size}");
            if !is_read {
                assert_eq!(message(result), "it is larger than 1 MiB");
            }
        }
    }

    #[test]
    fn pipe_is_read_to_its_end_or_its_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = pipe(&folder);
        for (size, is_read) in [(0, true), (LIMIT, true), (4 * LIMIT, false)] {
            let bytes = vec![b'x'; size as usize];
            let other_end = path.clone();
            // It fails when the pipe is not read to its end.
            let writer = thread::spawn(move || fs::write(other_end, bytes));
            let result = read_with_pipes(&path, LIMIT);
            assert_eq!(
                result.as_ref().is_ok_and(|read| read.len() as u64 == size),
                is_read
            );
            if !is_read {
                assert_eq!(message(result), "it is larger than 1 MiB");
            }
            assert_eq!(writer.join().unwrap().is_ok(), is_read);
        }
    }

    #[test]
    fn pipe_that_nobody_writes_to_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = pipe(&folder);
        let expected = "it is a pipe through which nothing came for 0.05 s";
        let result = read_pipe(&path, LIMIT, Duration::from_millis(50));
        assert_eq!(message(result), expected);
    }
}
