//! One exchange with the server: a request goes out, a bounded answer comes back.
//!
//! The token goes only to the API below the server's URL: not to the boot endpoint, and not to where a redirect leaves the
//! URL's prefix. To another origin no redirect is followed.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION};
use reqwest::{Method, Url};

use crate::client::http::json_body::JsonBody;
use crate::client::http::request::{Payload, Request, Target};
use crate::client::http::response;
use crate::client::http::response::{Broken, Response};
use crate::client::http::runtime::BlockingRuntime;
use crate::client::http::stall_timeout::ExchangeState;
use crate::client::http::transport_error;
use crate::client::{ApiError, BaseUrl, ProgressListener, Result, Settings, tls};

/// How often a redirect within the server is followed.
const MAX_REDIRECTS: u32 = 5;

/// How many stall timeouts an answer may take that never stalls.
const PATIENCE: u32 = 10;

/// The connections to one server.
pub(crate) struct Transport {
    http: reqwest::Client,
    base: BaseUrl,
    authorization: HeaderValue,
    stall_timeout: Duration,
    progress: ProgressListener,
    worker: BlockingRuntime,
}

impl Transport {
    pub(crate) fn new(settings: &Settings) -> Result<Transport> {
        let unusable = |error: &dyn std::fmt::Display| ApiError::Tls {
            reason: format!("cannot set up HTTP: {error}"),
        };
        let worker = BlockingRuntime::new().map_err(|error| unusable(&error))?;
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::config(&settings.tls, settings.url.is_https())?)
            .user_agent(concat!("mr-provisioner/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(settings.stall_timeout)
            .build()
            .map_err(|error| unusable(&transport_error::root_cause(&error)))?;
        let mut authorization =
            HeaderValue::from_str(&format!("Bearer {}", settings.token.expose()))
                .map_err(|_| ApiError::InvalidToken("the token cannot be sent in a header"))?;
        authorization.set_sensitive(true);
        Ok(Transport {
            http,
            base: settings.url.clone(),
            authorization,
            stall_timeout: settings.stall_timeout,
            progress: settings.progress.clone(),
            worker,
        })
    }

    pub(crate) fn base(&self) -> &BaseUrl {
        &self.base
    }

    pub(crate) fn progress(&self) -> &ProgressListener {
        &self.progress
    }

    /// Sends a request once, and follows redirects of a GET within the server.
    pub(crate) fn exchange(&self, request: &Request) -> Result<Response> {
        let mut url = self.address(request);
        for _ in 0..=MAX_REDIRECTS {
            let reply = self.exchange_at(&url, request)?;
            let Some(place) = redirection(&reply, &url) else {
                return Ok(reply);
            };
            if request.method != Method::GET || place.origin() != url.origin() {
                return Err(redirected(request, &place));
            }
            url = place;
        }
        Err(redirected(request, &url))
    }

    fn address(&self, request: &Request) -> Url {
        let mut url = match &request.target {
            Target::Api(path) => self
                .base
                .api(&path.iter().map(String::as_str).collect::<Vec<_>>()),
            Target::BootFile { .. } => self.base.boot(),
        };
        url.set_query(request.query.as_deref());
        url
    }

    fn exchange_at(&self, url: &Url, request: &Request) -> Result<Response> {
        let exchange = Arc::new(ExchangeState::new());
        let result = self
            .worker
            .run(exchange.run_until_stalled(self.stall_timeout, async {
                let response = self.build(url, request, &exchange)?.send().await?;
                response::reply(
                    response,
                    request.file_size(),
                    self.answer_limit(),
                    &exchange,
                )
                .await
            }));
        exchange.finish();
        let delivered = exchange.body_is_complete();
        if let Some(error) = exchange.take_body_error() {
            return Err(error);
        }
        let circumstances = transport_error::Circumstances {
            action: &request.action,
            url,
            stall_timeout: self.stall_timeout,
            unsent: !matches!(request.body, Payload::Nothing) && !exchange.body_was_requested(),
            delivered,
        };
        match result {
            None => Err(circumstances.stalled()),
            Some(Ok(mut reply)) => {
                reply.delivered = delivered;
                Ok(reply)
            }
            Some(Err(Broken::Lost(error))) => Err(circumstances.failed(&error)),
            Some(Err(Broken::TooSlow)) => Err(ApiError::ResponseTooSlow {
                action: request.action.clone(),
                after: self.answer_limit(),
            }),
            Some(Err(Broken::TooLarge(limit))) => Err(ApiError::ResponseTooLarge {
                action: request.action.clone(),
                limit,
            }),
        }
    }

    /// How long an answer may take from its beginning to its end, unless it is a file.
    fn answer_limit(&self) -> Duration {
        self.stall_timeout.saturating_mul(PATIENCE)
    }

    fn build(
        &self,
        url: &Url,
        request: &Request,
        exchange: &Arc<ExchangeState>,
    ) -> reqwest::Result<reqwest::RequestBuilder> {
        let builder = self.http.request(request.method.clone(), url.clone());
        let builder = match &request.target {
            Target::Api(_) if self.base.is_above(url) => {
                builder.header(AUTHORIZATION, self.authorization.clone())
            }
            Target::Api(_) => builder,
            // The endpoint wants the address of the machine that boots, but uses it only in its log.
            Target::BootFile { name, .. } => builder
                .header("X-TFTP-IP", "127.0.0.1")
                .header("X-TFTP-File", name.clone()),
        };
        Ok(match &request.body {
            Payload::Nothing => builder,
            Payload::Json(bytes) => {
                builder
                    .header(CONTENT_TYPE, "application/json")
                    .body(reqwest::Body::wrap(JsonBody::new(
                        bytes.clone(),
                        Arc::clone(exchange),
                    )))
            }
            Payload::Upload(upload) => {
                builder.multipart(upload.form(Arc::clone(exchange), self.progress.clone())?)
            }
        })
    }
}

/// Where a reply sends the client, if it does.
fn redirection(reply: &Response, from: &Url) -> Option<Url> {
    if !matches!(reply.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    from.join(reply.headers.get(LOCATION)?.to_str().ok()?).ok()
}

/// The place without its query, password and fragment, which may hold what nobody should see.
fn redirected(request: &Request, place: &Url) -> ApiError {
    let mut place = place.clone();
    place.set_query(None);
    place.set_fragment(None);
    if place.set_username("").is_err() || place.set_password(None).is_err() {
        place.set_path("");
    }
    ApiError::Redirected {
        action: request.action.clone(),
        to: place.to_string(),
    }
}
