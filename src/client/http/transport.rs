//! One exchange with the server: a request goes out, a bounded answer comes back.
//!
//! The token goes only to the API below the server's URL: not to the boot endpoint, and not to where a redirect leaves the
//! URL's prefix. To another origin no redirect is followed.

use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use reqwest::Url;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION};

use crate::client::console_stream::Interrupter;
use crate::client::error::Source;
use crate::client::http::answer_budget::AnswerBudget;
use crate::client::http::json_body::JsonBody;
use crate::client::http::name_lookup::NameLookup;
use crate::client::http::operation::{Effect, Operation, Subject};
use crate::client::http::proxy::{self, Proxy};
use crate::client::http::request::{Endpoint, Request, RequestBody};
use crate::client::http::response::{self, ReadError, Response};
use crate::client::http::runtime::BlockingRuntime;
use crate::client::http::stall_timeout::ExchangeState;
use crate::client::http::transport_error::{self, FailedExchange};
use crate::client::http::websocket::{self, WebSocket};
use crate::client::{BaseUrl, Error, ErrorKind, ProgressListener, Result, TlsSettings, Token, tls};

/// How often a redirect within the server is followed.
const MAX_REDIRECTS: u32 = 5;

/// The time limit for a whole answer, in stall timeouts. A server that sends a byte now and then never stalls, so the stall
/// timeout alone would not end the call. Files have no such limit.
const ANSWER_TIMEOUT_FACTOR: u32 = 10;

/// The connections to one server.
pub(crate) struct Transport {
    http: reqwest::Client,
    pub(super) base: BaseUrl,
    authorization: HeaderValue,
    stall_timeout: Duration,
    progress: ProgressListener,
    runtime: BlockingRuntime,
    /// For connections to another host or port than the server's.
    tls: rustls::ClientConfig,
    budget: AnswerBudget,
    /// What requests go through.
    proxy: Option<Proxy>,
    /// Whether anything was ever answered.
    answered: AtomicBool,
}

impl Transport {
    pub(super) fn new(
        base: BaseUrl,
        token: &Token,
        tls: &TlsSettings,
        stall_timeout: Duration,
        progress: ProgressListener,
    ) -> Result<Transport> {
        let runtime = BlockingRuntime::new()
            .map_err(|error| cannot_set_up(error.to_string(), error.into()))?;
        let proxy = proxy::of(&base.api(""));
        let tls = tls::config(tls, base.is_https())?;
        let http = http_client(tls.clone(), proxy.as_ref(), stall_timeout)?;
        let reason = "the token cannot be sent in a header";
        let mut authorization = HeaderValue::from_str(&format!("Bearer {}", token.expose()))
            .map_err(|_| Error::new(ErrorKind::InvalidToken, reason))?;
        authorization.set_sensitive(true);
        Ok(Transport {
            http,
            base,
            authorization,
            stall_timeout,
            progress,
            runtime,
            tls,
            budget: AnswerBudget::default(),
            proxy,
            answered: AtomicBool::new(false),
        })
    }

    /// Opens a WebSocket, at an address beside the server's own. None if it was interrupted before.
    pub(super) fn web_socket(
        &self,
        url: &Url,
        action: &Operation,
        interrupter: &Interrupter,
    ) -> Result<Option<WebSocket>> {
        let proxy = proxy::of(url);
        let http = http_client(self.tls.clone(), proxy.as_ref(), self.stall_timeout)?;
        let failed_exchange = FailedExchange {
            action,
            url,
            proxy: proxy.as_ref(),
            stall_timeout: self.stall_timeout,
            never_answered: true,
            unsent: false,
        };
        websocket::open(&http, &failed_exchange, interrupter)
    }

    /// Sends a request once, and follows redirects within the server where it only reads.
    pub(super) fn exchange(
        &self,
        mut url: Url,
        request: &Request,
        time_limit: Option<Duration>,
    ) -> Result<Response> {
        let start = Instant::now();
        for _ in 0..=MAX_REDIRECTS {
            let left = time_limit.map(|limit| limit.saturating_sub(start.elapsed()));
            let response = self.exchange_at(&url, request, left)?;
            let Some(location) = redirect_location(&response, &url) else {
                return Ok(response);
            };
            if request.action.effect != Effect::Read || location.origin() != url.origin() {
                return Err(redirect_error(request, location));
            }
            url = location;
        }
        Err(redirect_error(request, url))
    }

    /// The URL of a request.
    pub(super) fn address(&self, request: &Request) -> Url {
        let mut url = match &request.endpoint {
            Endpoint::Api(path) => self.base.api(path),
            Endpoint::Page(path) => self.base.page(path),
            Endpoint::BootFile { .. } => self.base.boot(),
        };
        url.set_query(request.query.as_deref());
        url
    }

    fn exchange_at(
        &self,
        url: &Url,
        request: &Request,
        time_limit: Option<Duration>,
    ) -> Result<Response> {
        let exchange = Arc::new(ExchangeState::new());
        let run = exchange.run_until_stalled(self.stall_timeout, async {
            let response = self.build(url, request, &exchange)?.send().await?;
            let limit = self.answer_timeout();
            let share = self.budget.share(request.action.subject == Subject::Object);
            response::read(response, request, limit, &exchange, share).await
        });
        let run = async {
            let Some(limit) = time_limit else {
                return run.await;
            };
            let result = tokio::time::timeout(limit, run).await;
            result.unwrap_or_else(|_| Some(Err(ReadError::too_slow(limit))))
        };
        let result = outside_async_runtimes(|| self.runtime.run(run));
        exchange.finish();
        let delivered = exchange.body_is_complete();
        if let Some(error) = exchange.take_body_error() {
            return Err(error);
        }
        let failed_exchange = FailedExchange {
            action: &request.action,
            url,
            proxy: self.proxy.as_ref(),
            stall_timeout: self.stall_timeout,
            never_answered: !self.answered.load(Ordering::Relaxed),
            unsent: !matches!(request.body, RequestBody::Empty) && !exchange.body_was_requested(),
        };
        match result {
            // The request may still arrive.
            None => Err(failed_exchange.stalled().with_delivery(delivered)),
            Some(Ok(mut response)) => {
                self.answered.store(true, Ordering::Relaxed);
                response.delivered = delivered;
                Ok(response)
            }
            Some(Err(ReadError::Lost(error))) => Err(failed_exchange.failed(error)),
            Some(Err(ReadError::Stopped(error))) => Err(error.during(&request.action)),
        }
    }

    /// How long an answer may take from its beginning to its end, unless it is a file.
    fn answer_timeout(&self) -> Duration {
        self.stall_timeout.saturating_mul(ANSWER_TIMEOUT_FACTOR)
    }

    fn build(
        &self,
        url: &Url,
        request: &Request,
        exchange: &Arc<ExchangeState>,
    ) -> reqwest::Result<reqwest::RequestBuilder> {
        let builder = self.http.request(request.method.clone(), url.clone());
        let builder = match &request.endpoint {
            Endpoint::Api(_) if self.base.is_above(url) => {
                builder.header(AUTHORIZATION, self.authorization.clone())
            }
            Endpoint::Api(_) | Endpoint::Page(_) => builder,
            // The endpoint wants the address of the machine that boots, but uses it only in its log.
            Endpoint::BootFile { name, .. } => builder
                .header("X-TFTP-IP", "127.0.0.1")
                .header("X-TFTP-File", name.clone()),
        };
        Ok(match &request.body {
            RequestBody::Empty => builder,
            RequestBody::Json(bytes) => {
                let body = JsonBody {
                    bytes: Some(bytes.clone()),
                    exchange: Arc::clone(exchange),
                };
                builder
                    .header(CONTENT_TYPE, "application/json")
                    .body(reqwest::Body::wrap(body))
            }
            RequestBody::Upload(upload) => {
                builder.multipart(upload.form(Arc::clone(exchange), self.progress.clone())?)
            }
        })
    }
}

fn cannot_set_up(reason: String, source: Source) -> Error {
    Error::new(ErrorKind::Tls, format!("cannot set up HTTP: {reason}")).caused_by(source)
}

fn http_client(
    tls: rustls::ClientConfig,
    proxy: Option<&Proxy>,
    stall_timeout: Duration,
) -> Result<reqwest::Client> {
    let mut builder = reqwest::Client::builder();
    if proxy.is_none() {
        builder = builder.no_proxy();
    }
    builder
        .tls_backend_preconfigured(tls)
        .user_agent(concat!("mr-provisioner/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(stall_timeout)
        .dns_resolver(NameLookup)
        .build()
        .map_err(|error| cannot_set_up(transport_error::root_cause(&error), error.into()))
}

/// Waits for an exchange, on any thread. An async runtime forbids its threads to wait for another runtime, so there
/// a thread of its own does.
fn outside_async_runtimes<T: Send>(wait: impl FnOnce() -> T + Send) -> T {
    if tokio::runtime::Handle::try_current().is_err() {
        return wait();
    }
    let result = thread::scope(|scope| scope.spawn(wait).join());
    result.unwrap_or_else(|panic| panic::resume_unwind(panic))
}

/// Where a response sends the client, if it is a redirect.
fn redirect_location(response: &Response, from: &Url) -> Option<Url> {
    if !matches!(response.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    from.join(response.headers.get(LOCATION)?.to_str().ok()?)
        .ok()
}

/// Names the location without its query, password and fragment, which may hold secrets.
fn redirect_error(request: &Request, mut location: Url) -> Error {
    location.set_query(None);
    location.set_fragment(None);
    if location.set_username("").is_err() || location.set_password(None).is_err() {
        location.set_path("");
    }
    let reason = format!("the server redirects to {location}, which was not followed");
    Error::new(ErrorKind::Redirected, reason).during(&request.action)
}
