//! Connections: each request is read to its end, logged and answered.
//!
//! The real server reads the whole body before it checks anything, ignores chunked bodies, and closes the connection without
//! an answer if Content-Length exceeds its buffer.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::OwnedMutexGuard;

use crate::booting;
use crate::call::{Call, parse_query, split_target};
use crate::faults::{Fault, OtherUserRequest, When};
use crate::lab_state::{LabState, Shared};
use crate::log::CLIENT;
use crate::multipart::{self, Form};
use crate::reply::Reply;
use crate::request_origin::RequestOrigin;
use crate::response_body::{Abort, LabBody};
use crate::{control, routes};

type Answer = Result<Response<LabBody>, Abort>;

/// Serves until the runtime ends.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(connection(stream, shared.clone()))),
            // Most likely there are no free file descriptors: wait until connections have closed.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    // Small answers must not wait for the acknowledgement of the previous one. Without this they are only slower.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let exchange: Pin<Box<dyn Future<Output = Answer> + Send>> =
            Box::pin(exchange(request, shared.clone()));
        exchange
    });
    let mut connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    let ended = (&mut connection).await;
    let reset = ended.is_err_and(|error| {
        error.source().and_then(|cause| cause.downcast_ref()) == Some(&Abort::Reset)
    });
    if reset {
        let stream = connection.into_parts().io.into_inner();
        // Without lingering, closing sends RST. If this cannot be set, the connection is closed normally.
        let _ = stream.set_zero_linger();
    }
}

async fn exchange(request: Request<Incoming>, shared: Arc<Shared>) -> Answer {
    let (head, body) = request.into_parts();
    let target = head
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str())
        .to_owned();
    if let Some(path) = target.strip_prefix(control::PREFIX) {
        let bytes = read(body).await?;
        return send(
            control::answer(&shared, head.method.as_str(), path, &bytes),
            None,
        );
    }
    let (origin, by, index, fault) = {
        let mut lab = shared.lock();
        let origin = RequestOrigin::new(&lab, &head.headers);
        if !origin.may_have_effect(&lab) {
            return Err(Abort::Close);
        }
        let by = origin.name(&lab);
        let index = lab.log.begin(head.method.as_str(), &target, &by);
        let fault = lab.faults.hit(head.method.as_str(), &target, &by);
        (origin, by, index, fault)
    };
    let fault = fault.as_ref();
    apply_fault_before(fault).await?;
    let update_log = |change: &dyn Fn(&mut crate::log::Request)| {
        let mut lab = shared.lock();
        if lab.resets() == origin.resets {
            lab.log.change(index, change);
        }
    };
    let announced = content_length(&head.headers);
    if announced > shared.lock().settings.max_buffer_size() {
        return Err(Abort::Close);
    }
    let call = receive(head, &target, body, &shared, |size| {
        update_log(&|request| request.body_size = size)
    })
    .await?;
    let meanwhile = |when| {
        let due = fault.filter(|fault| fault.when == when);
        if let Some(meanwhile) = due.and_then(|fault| fault.meanwhile.as_ref()) {
            run_other_user_request(&shared, meanwhile);
        }
    };
    meanwhile(When::Before);
    let (reply, turn) = match fault.and_then(fault_reply) {
        Some(reply) => (reply, None),
        None => serve_in_turn(&shared, &call, &origin, &by).await?,
    };
    meanwhile(When::After);
    if fault.is_some_and(|fault| fault.reset) {
        return Err(Abort::Reset);
    }
    update_log(&|request| request.status = Some(reply.status));
    drop(turn);
    send(reply, fault.and_then(|fault| fault.truncate))
}

async fn apply_fault_before(fault: Option<&Fault>) -> Result<(), Abort> {
    let Some(fault) = fault else { return Ok(()) };
    if let Some(delay) = fault.delay {
        tokio::time::sleep(Duration::try_from_secs_f64(delay).unwrap_or_default()).await;
    }
    if fault.stall {
        std::future::pending::<Infallible>().await;
    }
    match fault.reset && fault.when == When::Before {
        true => Err(Abort::Reset),
        false => Ok(()),
    }
}

/// The answer that a fault defines instead of the server's.
fn fault_reply(fault: &Fault) -> Option<Reply> {
    let status = fault.status?;
    let reply = match &fault.body {
        None => Reply::new(
            status,
            "text/html",
            format!("<html><body><h1>{status}</h1></body></html>\n"),
        ),
        Some(serde_json::Value::String(text)) => Reply::new(status, "text/html", text.clone()),
        Some(value) => Reply::json(status, value),
    };
    let text = |value: &serde_json::Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    Some(
        fault
            .headers
            .iter()
            .fold(reply, |reply, (name, value)| reply.with(name, text(value))),
    )
}

fn content_length(headers: &HeaderMap) -> u64 {
    headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
}

/// Held by the request that is being answered, when requests are served one at a time.
type Turn = Option<OwnedMutexGuard<()>>;

/// Answers a request. While a BMC is busy for it, all other requests wait, as on the real server.
async fn serve_in_turn(
    shared: &Arc<Shared>,
    call: &Call,
    origin: &RequestOrigin,
    by: &str,
) -> Result<(Reply, Turn), Abort> {
    let turn = {
        let lab = shared.lock();
        lab.settings.bmc_blocks.then(|| lab.turn.clone())
    };
    let mut turn = match turn {
        Some(turn) => Some(turn.lock_owned().await),
        None => None,
    };
    let (reply, wait) = {
        let mut lab = shared.lock();
        if !origin.may_have_effect(&lab) {
            return Err(Abort::Close);
        }
        lab.bmc_delay = Duration::ZERO;
        let reply = handle(shared, &mut lab, call, by);
        (reply, lab.bmc_delay)
    };
    if !wait.is_zero() {
        // In its own task, because the BMC stays busy if the client disconnects.
        let waiting = tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            turn
        });
        turn = waiting.await.ok().flatten();
    }
    Ok((reply, turn))
}

/// Handles the request of another user that a fault defines.
fn run_other_user_request(shared: &Arc<Shared>, meanwhile: &OtherUserRequest) {
    let mut lab = shared.lock();
    let OtherUserRequest {
        user,
        method,
        path: target,
        body,
    } = meanwhile;
    let by = format!("user {user}");
    let body = match body.is_null() {
        true => Bytes::new(),
        false => Bytes::from(body.to_string()),
    };
    let index = lab.log.begin(method, target, &by);
    let token = lab
        .db
        .find_user(user)
        .and_then(|user| lab.db.token_of(user.id));
    let token = token.and_then(|token| HeaderValue::from_str(token).ok());
    let (path, query) = split_target(target);
    let call = Call {
        method: method.clone(),
        path,
        query: parse_query(query),
        raw_query: query.to_owned(),
        headers: token
            .map(|token| (AUTHORIZATION, token))
            .into_iter()
            .collect(),
        body,
        form: None,
        too_large: false,
    };
    let reply = handle(shared, &mut lab, &call, &by);
    lab.log.change(index, |request| {
        request.status = Some(reply.status);
        request.body_size = call.body.len() as u64;
    });
}

/// Runs the handler, then starts and stops machines as it requests.
fn handle(shared: &Arc<Shared>, lab: &mut LabState, call: &Call, by: &str) -> Reply {
    let boot_endpoint = ["/tftp", "/dhcp/", "/preseed/"]
        .iter()
        .any(|head| call.path.starts_with(head));
    if let Some(status) = lab
        .settings
        .tftp_status
        .filter(|_| boot_endpoint && by == CLIENT)
    {
        return Reply::new(
            status,
            "text/html",
            format!("<html><body><h1>{status}</h1></body></html>\n"),
        );
    }
    let reply = routes::answer(lab, call);
    booting::apply_power_events(shared, lab);
    reply
}

/// Reads a request to its end.
async fn receive(
    head: Parts,
    target: &str,
    body: Incoming,
    shared: &Shared,
    update_log: impl Fn(u64),
) -> Result<Call, Abort> {
    let announced = content_length(&head.headers);
    let (path, query) = split_target(target);
    let upload = head.method == "POST" && path == "/api/v1/image";
    let too_large = upload && announced > shared.lock().settings.max_upload_size;
    let boundary = head
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| multer::parse_boundary(value.to_str().ok()?).ok());
    let mut form = None;
    let mut bytes = Bytes::new();
    match boundary {
        Some(boundary) if upload && !too_large => {
            let (read, size) = read_form(body, &boundary, shared).await;
            update_log(size);
            // An incomplete form means that the connection broke: there is no one to answer.
            form = Some(
                read.or((size >= announced).then(Form::default))
                    .ok_or(Abort::Close)?,
            );
        }
        _ if too_large => update_log(drain(body).await?),
        _ => {
            let read = read(body).await?;
            update_log(read.len() as u64);
            // The real server ignores chunked bodies.
            bytes = if announced > 0 { read } else { bytes };
        }
    }
    Ok(Call {
        method: head.method.to_string(),
        path,
        query: parse_query(query),
        raw_query: query.to_owned(),
        headers: head.headers,
        body: bytes,
        form,
        too_large,
    })
}

/// Reads a form. As on the server, a body that does not begin with its boundary, after optional blanks, counts as a form
/// without parts.
async fn read_form(body: Incoming, boundary: &str, shared: &Shared) -> (Option<Form>, u64) {
    let size = Arc::new(AtomicU64::new(0));
    let begins = Arc::new(AtomicBool::new(true));
    let (counter, beginning) = (size.clone(), begins.clone());
    let delimiter = format!("--{boundary}");
    let mut blank = true;
    let watched = body.map_frame(move |frame| {
        let data = frame.data_ref().map_or(&[][..], |data| data);
        counter.fetch_add(data.len() as u64, Ordering::Relaxed);
        let head = data.trim_ascii_start();
        if blank && !head.is_empty() {
            blank = false;
            // If the boundary comes in two frames, only its first part is compared.
            let length = head.len().min(delimiter.len());
            let same = head[..length] == delimiter.as_bytes()[..length];
            beginning.store(same, Ordering::Relaxed);
        }
        frame
    });
    let form = multipart::read(watched, boundary, shared.folder.path()).await;
    let form = form.map(|form| match begins.load(Ordering::Relaxed) {
        true => form,
        false => Form::default(),
    });
    (form, size.load(Ordering::Relaxed))
}

async fn read(body: Incoming) -> Result<Bytes, Abort> {
    let body = body.collect().await.map_err(|_| Abort::Close)?;
    Ok(body.to_bytes())
}

/// Reads a body without keeping it. Returns its size.
async fn drain(mut body: Incoming) -> Result<u64, Abort> {
    let mut size = 0;
    while let Some(frame) = body.frame().await {
        size += frame
            .map_err(|_| Abort::Close)?
            .data_ref()
            .map_or(0, |data| data.len() as u64);
    }
    Ok(size)
}

fn send(reply: Reply, truncate: Option<u64>) -> Answer {
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(name, value.as_bytes());
    }
    let body = LabBody::new(reply.content).map_err(|_| Abort::Close)?;
    let body = match truncate {
        Some(bytes) => body.truncated(bytes),
        None => body,
    };
    response.body(body).map_err(|_| Abort::Close)
}
