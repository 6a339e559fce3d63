//! The proxy between a program and the lab: it passes requests on as bytes, keeps a log of them, and makes one of them meet a
//! fault or a signal.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use socket2::SockRef;

use crate::faults::{Effect, Fault, Span};
use crate::http::{Connection, Message};

/// How long nobody listens after one refused connection: a fraction of the program's pauses before it tries again.
const REFUSAL: Duration = Duration::from_millis(15);

/// The pause before each byte of a slow answer, below the stall timeout of these runs.
const SLOW_PAUSE: Duration = Duration::from_millis(250);

/// More than any answer that the program reads to its end.
const HUGE: u64 = 1 << 40;

/// A fault at a request.
#[derive(Clone, Debug)]
pub(crate) struct Injection {
    /// The number of the request in the run, from 0.
    pub(crate) position: usize,
    pub(crate) span: Span,
    pub(crate) fault: Fault,
}

/// A request that arrived at the proxy.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Whether it met the fault.
    pub(crate) faulty: bool,
    /// The status that the server gave, where it got the request and answered.
    pub(crate) status: Option<u16>,
    /// The body of the server's answer.
    pub(crate) answer: Vec<u8>,
}

impl Exchange {
    pub(crate) fn is_write(&self) -> bool {
        self.method != "GET"
    }
}

/// The moments of a request at which something can be done to the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// The request has arrived and the server has not got it.
    Arrived,
    /// The server has acted and the answer has not been passed on.
    Done,
    /// The answer was passed on.
    Answered,
}

type Hook = Box<dyn Fn(usize, Moment) + Send + Sync>;

/// What a proxy does to the requests of a run.
#[derive(Default)]
pub(crate) struct Script {
    pub(crate) injection: Option<Injection>,
    /// Called at each moment of each request.
    pub(crate) hook: Option<Hook>,
}

/// A proxy for the runs of one case. It closes when this is dropped.
pub(crate) struct Proxy {
    shared: Arc<Shared>,
}

struct Shared {
    lab: SocketAddr,
    address: SocketAddr,
    script: Script,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    exchanges: Vec<Exchange>,
    /// Connections that are being served.
    open: usize,
    /// Whether somebody listens, and whether somebody shall.
    listens: bool,
    shall_listen: bool,
}

impl Proxy {
    /// A proxy before this lab, on a free port of an address of its own: while nobody listens, no other worker takes the port.
    pub(crate) fn start(lab: SocketAddr, worker: u8, script: Script) -> Proxy {
        let any = SocketAddr::from((Ipv4Addr::new(127, 0, 1, worker), 0));
        let listener = TcpListener::bind(any).expect("a free port of the loopback interface");
        let address = listener
            .local_addr()
            .expect("a bound listener has an address");
        let proxy = Proxy {
            shared: Arc::new(Shared {
                lab,
                address,
                script,
                state: Mutex::default(),
                changed: Condvar::new(),
            }),
        };
        match proxy.shared.refuses(0) {
            true => {
                drop(listener);
                proxy.shared.open_again_soon();
            }
            false => proxy.shared.listen(listener),
        }
        proxy
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.shared.address)
    }

    /// Waits until no connection is served any more, and gives the requests so far.
    pub(crate) fn settle(&self) -> Vec<Exchange> {
        let state = self.shared.lock();
        let settled = self
            .shared
            .changed
            .wait_while(state, |state| state.open > 0);
        let state = settled.unwrap_or_else(PoisonError::into_inner);
        state.exchanges.clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.stop_listening();
    }
}

/// What becomes of a connection after an exchange.
#[derive(PartialEq)]
enum Next {
    Continue,
    Close,
    Reset,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn listen(self: &Arc<Shared>, listener: TcpListener) {
        let mut state = self.lock();
        (state.listens, state.shall_listen) = (true, true);
        drop(state);
        let shared = self.clone();
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let mut state = shared.lock();
                if !state.shall_listen {
                    break;
                }
                state.open += 1;
                drop(state);
                let shared = shared.clone();
                thread::spawn(move || {
                    shared.serve(stream);
                    shared.lock().open -= 1;
                    shared.changed.notify_all();
                });
            }
            drop(listener);
            shared.lock().listens = false;
            shared.changed.notify_all();
        });
    }

    fn stop_listening(&self) {
        let mut state = self.lock();
        state.shall_listen = false;
        if !state.listens {
            return;
        }
        drop(state);
        // It wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
        let stopped = self.changed.wait_while(self.lock(), |state| state.listens);
        drop(stopped);
    }

    /// Whether the request of this number finds nobody who listens.
    fn refuses(&self, number: usize) -> bool {
        let injection = self.script.injection.as_ref();
        injection.is_some_and(|injection| {
            injection.fault == Fault::Refused && injection.position == number
        })
    }

    /// Listens again after a moment, where the refusal does not last.
    fn open_again_soon(self: &Arc<Shared>) {
        let injection = self.script.injection.as_ref();
        if injection.is_some_and(|injection| injection.span == Span::Lasting) {
            return;
        }
        let shared = self.clone();
        thread::spawn(move || {
            thread::sleep(REFUSAL);
            if let Ok(listener) = TcpListener::bind(shared.address) {
                shared.listen(listener);
            }
        });
    }

    fn serve(self: &Arc<Shared>, client: TcpStream) {
        let mut client = Connection::new(client);
        let mut server = None;
        while let Some(request) = client.read_head() {
            match self.exchange(&mut client, &mut server, request) {
                Next::Continue => {}
                Next::Close => break,
                Next::Reset => return reset(&client.stream),
            }
        }
        let _ = client.stream.shutdown(Shutdown::Both);
    }

    /// Serves one request.
    fn exchange(
        self: &Arc<Shared>,
        client: &mut Connection,
        server: &mut Option<Connection>,
        mut request: Message,
    ) -> Next {
        let (number, fault) = self.begin(&request);
        let fault = fault.as_ref();
        if fault == Some(&Fault::ResetBefore) {
            return Next::Reset;
        }
        let half = fault == Some(&Fault::ResetInRequest);
        if client
            .read_body(&mut request, if half { 2 } else { 1 })
            .is_err()
        {
            return Next::Close;
        }
        self.reached(number, Moment::Arrived);
        if half {
            self.send_half(&request);
            return Next::Reset;
        }
        let client = &mut client.stream;
        let early = early_answer(fault);
        let is_delivered = match fault {
            Some(Fault::Answer { effect, .. } | Fault::Stalled(effect)) => *effect == Effect::Done,
            Some(Fault::Late) => {
                wait_for_end(client);
                true
            }
            _ => true,
        };
        let answer = match is_delivered {
            true => self.deliver(number, server, &request),
            false => Some(Message::default()),
        };
        let Some(answer) = answer else {
            return Next::Close;
        };
        self.reached(number, Moment::Done);
        let next = match fault {
            Some(Fault::AnswerLost) => Next::Reset,
            Some(Fault::Late) => Next::Close,
            Some(Fault::Stalled(_)) => {
                wait_for_end(client);
                Next::Close
            }
            Some(Fault::ResetInAnswer) => send(client, half_of(&answer.bytes()), Next::Reset),
            Some(Fault::Cut) => send(client, half_of(&answer.bytes()), Next::Close),
            Some(Fault::Altered(change)) => {
                send(client, &change.apply(&answer).bytes(), Next::Continue)
            }
            Some(Fault::Slow) => send_slowly(client, &answer.bytes()),
            Some(Fault::Huge) => send_endlessly(client),
            _ => self.send_answer(number, client, &early.unwrap_or(answer)),
        };
        self.reached(number, Moment::Answered);
        next
    }

    /// Sends an answer. When the next request shall be refused, nobody listens from then on.
    fn send_answer(
        self: &Arc<Shared>,
        number: usize,
        client: &mut TcpStream,
        answer: &Message,
    ) -> Next {
        let injection = self.script.injection.as_ref();
        let refusal = injection.filter(|injection| injection.fault == Fault::Refused);
        let Some(refusal) = refusal else {
            return send(client, &answer.bytes(), Next::Continue);
        };
        if number + 1 == refusal.position {
            self.stop_listening();
            self.open_again_soon();
        }
        // Each request has a connection of its own, so that the next one has to be made.
        let status_line = answer.head.iter().position(|byte| *byte == b'\n');
        let (line, rest) = answer.head.split_at(status_line.map_or(0, |at| at + 1));
        let head = [line, b"Connection: close\r\n", rest].concat();
        send(client, &[head, answer.body.clone()].concat(), Next::Close)
    }

    /// Notes a request, and gives its number and its fault.
    fn begin(&self, request: &Message) -> (usize, Option<Fault>) {
        let mut state = self.lock();
        let number = state.exchanges.len();
        let injection = self
            .script
            .injection
            .as_ref()
            .filter(|injection| match injection.span {
                Span::Once => number == injection.position,
                Span::Lasting => number >= injection.position,
            });
        let fault = injection.map(|injection| injection.fault.clone());
        // What arrives has found somebody who listens.
        let fault = fault.filter(|fault| *fault != Fault::Refused);
        state.exchanges.push(Exchange {
            method: request.word(0),
            path: request.word(1),
            faulty: fault.is_some(),
            status: None,
            answer: Vec::new(),
        });
        (number, fault)
    }

    fn reached(&self, number: usize, moment: Moment) {
        if let Some(hook) = &self.script.hook {
            hook(number, moment);
        }
    }

    /// Passes a request on and reads the answer.
    fn deliver(
        &self,
        number: usize,
        server: &mut Option<Connection>,
        request: &Message,
    ) -> Option<Message> {
        let mut connection = match server.take() {
            Some(connection) => connection,
            None => Connection::new(TcpStream::connect(self.lab).ok()?),
        };
        connection.stream.write_all(&request.bytes()).ok()?;
        let mut answer = connection.read_head()?;
        connection.read_body(&mut answer, 1).ok()?;
        let mut state = self.lock();
        if let Some(exchange) = state.exchanges.get_mut(number) {
            exchange.status = Some(answer.status());
            exchange.answer.clone_from(&answer.body);
        }
        *server = Some(connection);
        Some(answer)
    }

    /// Sends the server the beginning of a request and no more.
    fn send_half(&self, request: &Message) {
        let bytes = request.bytes();
        let part = match request.body.is_empty() {
            true => half_of(&bytes),
            // Half of the body was read.
            false => &bytes,
        };
        if let Ok(mut stream) = TcpStream::connect(self.lab) {
            let _ = stream.write_all(part);
            reset(&stream);
        }
    }
}

fn early_answer(fault: Option<&Fault>) -> Option<Message> {
    match fault {
        Some(Fault::Answer {
            status,
            headers,
            body,
            ..
        }) => Some(Message::answer(*status, headers, body.bytes())),
        _ => None,
    }
}

fn half_of(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len() / 2]
}

fn send(client: &mut TcpStream, bytes: &[u8], next: Next) -> Next {
    match client.write_all(bytes) {
        Ok(()) => next,
        Err(_) => Next::Close,
    }
}

fn send_slowly(client: &mut TcpStream, bytes: &[u8]) -> Next {
    for byte in bytes {
        thread::sleep(SLOW_PAUSE);
        if client.write_all(&[*byte]).is_err() {
            return Next::Close;
        }
    }
    Next::Continue
}

/// Sends an answer that ends only with the connection.
fn send_endlessly(client: &mut TcpStream) -> Next {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {HUGE}\r\n\r\n["
    );
    let mut outcome = client.write_all(head.as_bytes());
    let blanks = vec![b' '; 1 << 20];
    while outcome.is_ok() {
        outcome = client.write_all(&blanks);
    }
    Next::Close
}

/// Waits until the program has closed the connection.
fn wait_for_end(client: &mut TcpStream) {
    let mut bytes = [0; 4096];
    while matches!(client.read(&mut bytes), Ok(1..)) {}
}

/// Ends a connection with a reset.
fn reset(stream: &TcpStream) {
    // Without lingering, closing sends RST. If this cannot be set, the connection is closed normally.
    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}
