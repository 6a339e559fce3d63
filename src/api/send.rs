//! One exchange with the server: a request goes out, a bounded answer comes back.
//!
//! The token goes only to the API below the server's URL: not to the boot endpoint, and not to where a redirect points.
//! One worker thread looks after the connections, so a kept one that the server has closed is noticed before it is used.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Method, Response, Url};
use tokio::runtime::{Builder, Runtime};

use super::digest::{Digest, Hasher};
use super::json_body::JsonBody;
use super::request::{Payload, Request, Target};
use super::stall::Activity;
use super::upload::{self, Trouble};
use super::{ApiError, BaseUrl, Result, Settings, lost, tls};

/// The most that is read of a successful answer. A list of preseeds carries all their contents, up to 2 MiB each.
const MAX_ANSWER: u64 = 64 * 1024 * 1024;
/// The most that is read of an error. A preseed that is refused comes back twice, and is of no use.
const MAX_ERROR: u64 = 64 * 1024;
/// How often a redirect within the server is followed.
const MAX_REDIRECTS: u32 = 5;

/// The connections to one server.
pub(super) struct Wire {
    http: reqwest::Client,
    base: BaseUrl,
    authorization: HeaderValue,
    stall_timeout: Duration,
    // Last, so that the connections go before the thread that serves them.
    runtime: Runtime,
}

/// An answer, whatever its status.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    /// Whether `body` is all of it.
    pub(super) complete: bool,
    /// What a boot file held; its bytes are not kept.
    pub(super) digest: Option<Digest>,
}

impl Reply {
    /// The answer to a deletion.
    pub(super) fn nothing() -> Reply {
        Reply {
            status: 204,
            headers: HeaderMap::new(),
            body: Vec::new(),
            complete: true,
            digest: None,
        }
    }

    /// The digest of a boot file. The endpoint answers with pages too, and so may a proxy before it; only bytes are a file.
    pub(super) fn file(self, request: &Request) -> Result<Digest> {
        let is_file = self
            .headers
            .get(CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"application/octet-stream"));
        self.digest
            .filter(|_| is_file)
            .ok_or_else(|| ApiError::Decode {
                action: request.action.clone(),
                reason: "it is not a file".to_owned(),
            })
    }
}

impl Wire {
    pub(super) fn new(settings: &Settings) -> Result<Wire> {
        let unusable = |error: &dyn std::fmt::Display| ApiError::Tls {
            reason: format!("cannot set up HTTP: {error}"),
        };
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            // After every step the worker looks for arrived bytes, so an early answer is read before more is sent.
            .event_interval(1)
            .enable_all()
            .build()
            .map_err(|error| unusable(&error))?;
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::config(&settings.tls, settings.url.is_https())?)
            .user_agent(concat!("mr-provisioner/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(settings.stall_timeout)
            .build()
            .map_err(|error| unusable(&lost::root_cause(&error)))?;
        let mut authorization =
            HeaderValue::from_str(&format!("Bearer {}", settings.token.expose()))
                .map_err(|_| ApiError::InvalidToken("the token cannot be sent in a header"))?;
        authorization.set_sensitive(true);
        Ok(Wire {
            http,
            base: settings.url.clone(),
            authorization,
            stall_timeout: settings.stall_timeout,
            runtime,
        })
    }

    /// Sends a request once, and follows redirects of a GET within the server.
    pub(super) fn exchange(&self, request: &Request) -> Result<Reply> {
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
            Target::BootFile(_) => self.base.boot(),
        };
        url.set_query(request.query.as_deref());
        url
    }

    fn exchange_at(&self, url: &Url, request: &Request) -> Result<Reply> {
        let activity = Arc::new(Activity::new());
        let trouble = Trouble::default();
        let result = self
            .runtime
            .block_on(activity.watch(self.stall_timeout, async {
                let response = self
                    .build(url, request, &activity, &trouble)?
                    .send()
                    .await?;
                Ok(self.receive(response, request, &activity).await)
            }));
        activity.end();
        if let Some(error) = upload::take(&trouble) {
            return Err(error);
        }
        let circumstances = lost::Circumstances {
            action: &request.action,
            url,
            stall_timeout: self.stall_timeout,
            unsent: !matches!(request.body, Payload::Nothing) && !activity.began_sending(),
        };
        match result {
            None => Err(circumstances.stalled()),
            Some(Err(error)) => Err(circumstances.failed(&error)),
            Some(Ok(Err(Broken::Lost(error)))) => Err(circumstances.failed(&error)),
            Some(Ok(Err(Broken::TooLarge))) => Err(ApiError::ResponseTooLarge {
                action: request.action.clone(),
                limit: MAX_ANSWER,
            }),
            Some(Ok(Ok(reply))) => Ok(reply),
        }
    }

    fn build(
        &self,
        url: &Url,
        request: &Request,
        activity: &Arc<Activity>,
        trouble: &Trouble,
    ) -> reqwest::Result<reqwest::RequestBuilder> {
        let builder = self.http.request(request.method.clone(), url.clone());
        let builder = match &request.target {
            Target::Api(_) => builder.header(AUTHORIZATION, self.authorization.clone()),
            // The endpoint wants the address of the machine that boots, but uses it only in its log.
            Target::BootFile(name) => builder
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
                        Arc::clone(activity),
                    )))
            }
            Payload::Upload(upload) => {
                builder.multipart(upload.form(Arc::clone(activity), Arc::clone(trouble))?)
            }
        })
    }

    async fn receive(
        &self,
        mut response: Response,
        request: &Request,
        activity: &Activity,
    ) -> Result<Reply, Broken> {
        activity.touch();
        let good = response.status().is_success();
        let mut hasher =
            (good && matches!(request.target, Target::BootFile(_))).then(Hasher::default);
        let limit = if good { MAX_ANSWER } else { MAX_ERROR };
        let mut reply = Reply {
            status: response.status().as_u16(),
            headers: std::mem::take(response.headers_mut()),
            body: Vec::new(),
            complete: true,
            digest: None,
        };
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => {
                    activity.touch();
                    if let Some(hasher) = &mut hasher {
                        hasher.update(&chunk);
                    } else if (reply.body.len() + chunk.len()) as u64 <= limit {
                        reply.body.extend_from_slice(&chunk);
                    } else if good {
                        return Err(Broken::TooLarge);
                    } else {
                        reply.complete = false;
                        break;
                    }
                }
                Ok(None) => break,
                Err(error) if good => return Err(Broken::Lost(error)),
                // The status of a refusal is worth more than the rest of its text.
                Err(_) => {
                    reply.complete = false;
                    break;
                }
            }
        }
        reply.digest = hasher.map(Hasher::finish);
        Ok(reply)
    }
}

/// Why an answer could not be read to its end.
enum Broken {
    Lost(reqwest::Error),
    TooLarge,
}

/// Where a reply sends the client, if it does.
fn redirection(reply: &Reply, from: &Url) -> Option<Url> {
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
