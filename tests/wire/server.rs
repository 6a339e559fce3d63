//! A scripted server: it expects certain requests in a certain order, and answers each with fixed bytes.

use std::collections::{HashMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// The longest wait for the client.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// One expected request and what happens then.
pub(crate) struct Step {
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    absent: Vec<&'static str>,
    body: Option<String>,
    action: Action,
}

enum Action {
    /// Reads the whole request and answers.
    Answer(Vec<u8>),
    /// Reads the whole request and answers in pieces, with a pause before each.
    Drip(Vec<Vec<u8>>, Duration),
    /// Reads the whole request and closes the connection.
    Close,
    /// Reads the whole request, answers with this and closes the connection.
    Cut(Vec<u8>),
    /// Reads the whole request, answers, and closes the connection when the server hangs up.
    Last(Vec<u8>),
    /// Reads only the head, answers while the body is still being sent, and reads nothing more, with the connection open.
    Early(Vec<u8>),
    /// Reads the head and this much of the body, waits until the server hangs up, answers, and closes at once.
    AnswerAndClose(usize, Vec<u8>),
    /// Reads the head and this much of the body, and resets the connection.
    CloseAfter(usize),
    /// Reads the head only and then nothing more, with the connection open.
    Stall,
}

pub(crate) fn get(path: &str) -> Step {
    Step::new("GET", path)
}

pub(crate) fn put(path: &str) -> Step {
    Step::new("PUT", path)
}

pub(crate) fn post(path: &str) -> Step {
    Step::new("POST", path)
}

pub(crate) fn delete(path: &str) -> Step {
    Step::new("DELETE", path)
}

/// A tunnel through a proxy.
pub(crate) fn tunnel(server: &str) -> Step {
    Step::new("CONNECT", server)
}

impl Step {
    fn new(method: &'static str, path: &str) -> Step {
        let (headers, absent) = (Vec::new(), Vec::new());
        Step {
            method,
            path: path.to_owned(),
            headers,
            absent,
            body: None,
            action: Action::Close,
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Step {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &'static str) -> Step {
        self.absent.push(name);
        self
    }

    pub(crate) fn body(mut self, body: &str) -> Step {
        self.body = Some(body.to_owned());
        self
    }

    /// Answers with a JSON body.
    pub(crate) fn json(self, status: u16, body: impl AsRef<[u8]>) -> Step {
        self.answer(status, "application/json", body)
    }

    /// Answers with an HTML page, as the server does for all errors outside its API.
    pub(crate) fn html(self, status: u16, body: &str) -> Step {
        self.answer(status, "text/html; charset=utf-8", body)
    }

    pub(crate) fn answer(self, status: u16, kind: &str, body: impl AsRef<[u8]>) -> Step {
        self.raw(response(
            status,
            &format!("Content-Type: {kind}\r\n"),
            body.as_ref(),
        ))
    }

    /// Answers with further header lines, each ending in CRLF.
    pub(crate) fn headed(self, status: u16, lines: &str, body: &str) -> Step {
        self.raw(response(status, lines, body.as_bytes()))
    }

    pub(crate) fn raw(self, bytes: Vec<u8>) -> Step {
        Step {
            action: Action::Answer(bytes),
            ..self
        }
    }

    pub(crate) fn drip(self, pieces: Vec<Vec<u8>>, pause: Duration) -> Step {
        Step {
            action: Action::Drip(pieces, pause),
            ..self
        }
    }

    pub(crate) fn close(self) -> Step {
        Step {
            action: Action::Close,
            ..self
        }
    }

    pub(crate) fn early(self, status: u16, body: &str) -> Step {
        Step {
            action: Action::Early(response(status, "Connection: close\r\n", body.as_bytes())),
            ..self
        }
    }

    /// Reads this much of the body, waits until the server hangs up, answers, and closes at once.
    pub(crate) fn answer_and_close(self, taken: usize, status: u16) -> Step {
        Step {
            action: Action::AnswerAndClose(taken, response(status, "Connection: close\r\n", b"")),
            ..self
        }
    }

    /// Answers as if the connection were kept, until the server hangs up.
    pub(crate) fn last(self, status: u16, body: &str) -> Step {
        Step {
            action: Action::Last(response(status, "", body.as_bytes())),
            ..self
        }
    }

    /// Begins an answer, and closes the connection before its end.
    pub(crate) fn cut(self, begin: Vec<u8>) -> Step {
        Step {
            action: Action::Cut(begin),
            ..self
        }
    }

    pub(crate) fn close_after(self, bytes: usize) -> Step {
        Step {
            action: Action::CloseAfter(bytes),
            ..self
        }
    }

    pub(crate) fn stall(self) -> Step {
        Step {
            action: Action::Stall,
            ..self
        }
    }
}

pub(crate) fn response(status: u16, lines: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let mut bytes =
        format!("HTTP/1.1 {status} Scripted\r\n{lines}Content-Length: {length}\r\n\r\n")
            .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// A request that the server received.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReceivedRequest {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: HashMap<String, String>,
    /// Its body, or the first MiB of it.
    pub(crate) body: Vec<u8>,
    /// How many bytes of the body were received.
    pub(crate) length: usize,
}

/// A connection, plain or over TLS.
pub(crate) trait Connection: Read + Write + Send {}
impl<T: Read + Write + Send> Connection for T {}

pub(crate) type Wrap = Box<dyn Fn(TcpStream) -> Box<dyn Connection> + Send + Sync>;

/// What the connections of a server share.
struct Script {
    steps: Mutex<VecDeque<Step>>,
    unfinished: AtomicUsize,
    hangs_up: AtomicBool,
    /// How many connections the server has closed.
    closed: AtomicUsize,
    seen: Mutex<Vec<ReceivedRequest>>,
    problems: Mutex<Vec<String>>,
    is_over: AtomicBool,
    wrap: Wrap,
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    script: Arc<Script>,
}

impl Server {
    pub(crate) fn start(steps: impl IntoIterator<Item = Step>) -> Server {
        Server::start_with(steps, Box::new(|stream| Box::new(stream)))
    }

    /// Like `start`, with a layer over each connection.
    pub(crate) fn start_with(steps: impl IntoIterator<Item = Step>, wrap: Wrap) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let steps: VecDeque<Step> = steps.into_iter().collect();
        let script = Arc::new(Script {
            unfinished: AtomicUsize::new(steps.len()),
            hangs_up: AtomicBool::new(false),
            closed: AtomicUsize::new(0),
            steps: Mutex::new(steps),
            seen: Mutex::default(),
            problems: Mutex::default(),
            is_over: AtomicBool::new(false),
            wrap,
        });
        let shared = Arc::clone(&script);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.is_over.load(Ordering::SeqCst) {
                    return;
                }
                // The client opens connections that it then does not need, so each has a thread of its own.
                let shared = Arc::clone(&shared);
                thread::spawn(move || shared.serve(stream.unwrap()));
            }
        });
        Server { address, script }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Closes the connection of the last answer, and waits until the client can know it.
    pub(crate) fn hang_up(&self) {
        self.script.hang_up();
    }

    /// The same as `hang_up`, for a thread that outlives the borrow of the server.
    pub(crate) fn hang_up_later(&self) -> impl Fn() + Send + Sync + use<> {
        let script = Arc::clone(&self.script);
        move || script.hang_up()
    }

    /// Checks that exactly the expected requests were received, and returns them.
    pub(crate) fn finish(self) -> Vec<ReceivedRequest> {
        // An upload that the client gave up may still be arriving.
        self.script
            .wait_until(|script| script.unfinished.load(Ordering::SeqCst) == 0);
        self.script.is_over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        let problems = self.script.problems.lock().unwrap().join("; ");
        assert!(problems.is_empty(), "{problems}");
        if let Some(step) = self.script.steps.lock().unwrap().front() {
            panic!("{} {} was not received", step.method, step.path);
        }
        self.script.seen.lock().unwrap().clone()
    }
}

impl Script {
    fn hang_up(&self) {
        self.hangs_up.store(true, Ordering::SeqCst);
        let closed = self.wait_until(|script| script.closed.load(Ordering::SeqCst) > 0);
        assert!(closed, "no connection was closed");
        // The system delivers to the other end of a connection within this computer at once, or a moment later.
        thread::sleep(Duration::from_millis(50));
    }

    /// Waits for a condition; false when it is not met in time.
    fn wait_until(&self, is_met: impl Fn(&Script) -> bool) -> bool {
        let start = Instant::now();
        while !is_met(self) {
            if start.elapsed() > LONGEST_WAIT {
                return false;
            }
            thread::sleep(Duration::from_millis(5));
        }
        true
    }

    fn serve(&self, stream: TcpStream) {
        stream.set_read_timeout(Some(LONGEST_WAIT)).unwrap();
        let mut client = BufReader::new((self.wrap)(stream));
        self.answer_all(&mut client);
        drop(client);
        self.closed.fetch_add(1, Ordering::SeqCst);
    }

    fn answer_all(&self, client: &mut BufReader<Box<dyn Connection>>) {
        while let Some(seen) = read_head(client) {
            let Some(step) = self.steps.lock().unwrap().pop_front() else {
                return self.record_problem(format!("unexpected: {} {}", seen.method, seen.path));
            };
            let stays_open = self.perform(client, step, seen);
            if !stays_open {
                return;
            }
        }
    }

    /// Performs one step; false when the connection is to be closed.
    fn perform(
        &self,
        client: &mut BufReader<Box<dyn Connection>>,
        step: Step,
        mut seen: ReceivedRequest,
    ) -> bool {
        let length = seen
            .headers
            .get("content-length")
            .map_or(0, |length| length.parse().unwrap());
        let wanted = match step.action {
            Action::Early(_) | Action::Stall => 0,
            Action::CloseAfter(bytes) | Action::AnswerAndClose(bytes, _) => bytes,
            _ => length,
        };
        let complete = read_body(client, wanted, &mut seen);
        self.seen.lock().unwrap().push(seen.clone());
        if complete && let Err(problem) = check(&step, &seen) {
            self.record_problem(problem);
        }
        self.unfinished.fetch_sub(1, Ordering::SeqCst);
        let connection = client.get_mut();
        let mut answer = |bytes: &[u8]| {
            connection
                .write_all(bytes)
                .and_then(|()| connection.flush())
                .is_ok()
        };
        match step.action {
            Action::Answer(bytes) => answer(&bytes),
            Action::Drip(pieces, pause) => pieces.iter().all(|piece| {
                thread::sleep(pause);
                answer(piece)
            }),
            Action::Cut(bytes) => {
                answer(&bytes);
                false
            }
            Action::Last(bytes) => {
                answer(&bytes);
                self.stall(&self.hangs_up)
            }
            Action::AnswerAndClose(_, bytes) => {
                self.stall(&self.hangs_up);
                answer(&bytes);
                false
            }
            Action::Close | Action::CloseAfter(_) => false,
            Action::Early(bytes) => {
                answer(&bytes);
                self.stall(&self.is_over)
            }
            Action::Stall => self.stall(&self.is_over),
        }
    }

    /// Keeps the connection open until this is true or the test ends.
    fn stall(&self, until: &AtomicBool) -> bool {
        while !until.load(Ordering::SeqCst) && !self.is_over.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(10));
        }
        false
    }

    fn record_problem(&self, problem: String) {
        self.problems.lock().unwrap().push(problem);
    }
}

fn read_head(client: &mut impl BufRead) -> Option<ReceivedRequest> {
    let mut line = String::new();
    client
        .read_line(&mut line)
        .ok()
        .filter(|&count| count > 0)?;
    let mut words = line.split_whitespace();
    let mut seen = ReceivedRequest {
        method: words.next()?.to_owned(),
        path: words.next()?.to_owned(),
        ..ReceivedRequest::default()
    };
    loop {
        let mut line = String::new();
        client.read_line(&mut line).ok()?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) => seen.headers.insert(name.to_lowercase(), value.to_owned()),
            None => return Some(seen),
        };
    }
}

/// Reads this much of the body; false when the client stopped before.
fn read_body(client: &mut impl Read, wanted: usize, seen: &mut ReceivedRequest) -> bool {
    let mut buffer = vec![0; 256 * 1024];
    while seen.length < wanted {
        let most = buffer.len().min(wanted - seen.length);
        match client.read(&mut buffer[..most]) {
            Ok(0) | Err(_) => return false,
            Ok(count) => {
                seen.length += count;
                let room = (1024 * 1024_usize).saturating_sub(seen.body.len());
                seen.body.extend_from_slice(&buffer[..count.min(room)]);
            }
        }
    }
    true
}

fn check(step: &Step, seen: &ReceivedRequest) -> Result<(), String> {
    if (step.method, step.path.as_str()) != (&seen.method, &seen.path) {
        return Err(format!(
            "expected {} {}, got {} {}",
            step.method, step.path, seen.method, seen.path
        ));
    }
    for (name, value) in &step.headers {
        if seen.headers.get(*name) != Some(value) {
            return Err(format!(
                "{} {}: {name} is {:?}",
                seen.method,
                seen.path,
                seen.headers.get(*name)
            ));
        }
    }
    for name in &step.absent {
        if seen.headers.contains_key(*name) {
            return Err(format!(
                "{} {}: {name} must not be sent",
                seen.method, seen.path
            ));
        }
    }
    match &step.body {
        Some(body) if body.as_bytes() != seen.body => Err(format!(
            "{} {}: the body is {}",
            seen.method,
            seen.path,
            String::from_utf8_lossy(&seen.body)
        )),
        _ => Ok(()),
    }
}
