//! HTTP: the steps of every request, in the order of [`Pipeline::json`], [`Pipeline::call`] and [`Pipeline::attempt`].

mod answer_budget;
mod bmc_queue;
mod cache;
pub(crate) mod classify;
pub(crate) mod decode;
mod given_up;
mod json_body;
pub(crate) mod list_reader;
mod machine_names;
mod name_lookup;
mod objects;
pub(crate) mod operation;
mod proxy;
pub(crate) mod request;
pub(crate) mod response;
mod retry;
mod runtime;
pub(crate) mod server_text;
mod stall_timeout;
mod transport;
pub(crate) mod transport_error;
pub(crate) mod upload_body;
mod value_path;
pub(crate) mod websocket;

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use serde::de::DeserializeOwned;

use crate::client::console_stream::Interrupter;
use crate::client::http::bmc_queue::BmcQueue;
use crate::client::http::cache::ResponseCache;
use crate::client::http::given_up::GivenUpWrites;
use crate::client::http::machine_names::MachineNames;
use crate::client::http::operation::{Effect, Operation, Subject};
use crate::client::http::request::Request;
use crate::client::http::response::Response;
use crate::client::http::transport::Transport;
use crate::client::http::websocket::WebSocket;
use crate::client::{
    BaseUrl, ClientBuilder, Clock, Error, MachineId, ProgressEvent, ProgressListener, Result,
    RetryPolicy, Token,
};

/// Sends requests; shared by the handles of all resources.
#[derive(Clone)]
pub(crate) struct Pipeline {
    transport: Arc<Transport>,
    token: Token,
    retry: RetryPolicy,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) progress: ProgressListener,
    cache: Option<Arc<ResponseCache>>,
    bmc_queue: Arc<BmcQueue>,
    pub(crate) machine_names: Arc<MachineNames>,
    pub(crate) given_up: Arc<GivenUpWrites>,
    /// The longest that an attempt may take, whether or not bytes move.
    time_limit: Option<Duration>,
}

impl Pipeline {
    pub(crate) fn new(settings: ClientBuilder) -> Result<Pipeline> {
        let (url, token) = (settings.url?, settings.token?);
        Ok(Pipeline {
            transport: Arc::new(Transport::new(
                url,
                &token,
                &settings.tls,
                settings.stall_timeout,
                settings.progress.clone(),
            )?),
            token,
            retry: settings.retry,
            clock: settings.clock,
            progress: settings.progress,
            cache: None,
            bmc_queue: Arc::default(),
            machine_names: Arc::default(),
            given_up: Arc::default(),
            time_limit: None,
        })
    }

    /// The same connections, with answers that are asked for once.
    pub(crate) fn with_response_cache(&self) -> Pipeline {
        Pipeline {
            cache: Some(Arc::default()),
            ..self.clone()
        }
    }

    /// The same connections, with answers that are asked for each time.
    pub(crate) fn without_response_cache(&self) -> Pipeline {
        Pipeline {
            cache: None,
            ..self.clone()
        }
    }

    /// The same connections, for requests that are tried once and take no longer than this.
    pub(crate) fn with_time_limit(&self, limit: Duration) -> Pipeline {
        Pipeline {
            retry: RetryPolicy {
                retries: 0,
                ..self.retry
            },
            time_limit: Some(limit),
            ..self.clone()
        }
    }

    /// A machine in the sentence of an error: by its name, where the server has shown it.
    pub(crate) fn machine(&self, id: MachineId) -> String {
        self.machine_names.title(id)
    }

    pub(crate) fn base(&self) -> &BaseUrl {
        &self.transport.base
    }

    /// Sends a request and decodes the JSON of its answer.
    pub(crate) fn json<T>(&self, request: &Request) -> Result<T>
    where
        T: DeserializeOwned + Clone + Send + Sync + 'static,
    {
        self.shared_json(request).map(Arc::unwrap_or_clone)
    }

    /// The same, without a copy of what is known already: many tasks that are planned together look at the same lists.
    pub(crate) fn shared_json<T>(&self, request: &Request) -> Result<Arc<T>>
    where
        T: DeserializeOwned + Send + Sync + 'static,
    {
        // Read the JSON of an answer (decode).
        let decode = |response: &Response| decode::json(request, response);
        match &self.cache {
            // Take what is known already (cache).
            Some(cache) if request.action.effect == Effect::Read => {
                cache.get_or_ask(request.cache_key(), || self.call(request), decode)
            }
            _ => decode(&self.call(request)?).map(Arc::new),
        }
    }

    /// Sends a request, and sends it again where that is safe (retry).
    pub(crate) fn call(&self, request: &Request) -> Result<Response> {
        retry::call(self.retry, &*self.clock, request, |attempt| {
            let answer = self.attempt(request, attempt);
            // Remember a write that may still take effect, after later ones (given_up).
            answer.inspect_err(|error| self.given_up.note(request, error))
        })
    }

    /// Sends a request that must not take effect twice. When its answer is lost, `find` looks for what it made.
    pub(crate) fn create<T: DeserializeOwned>(
        &self,
        request: &Request,
        find: impl FnMut() -> Result<Option<T>>,
    ) -> Result<T> {
        let send = |attempt| self.json_once(request, attempt);
        self.create_with(send, find, std::convert::identity)
    }

    /// Like [`Pipeline::create`], with more to do around it: see [`retry::create`].
    pub(crate) fn create_with<T>(
        &self,
        send: impl FnMut(u32) -> Result<T>,
        settle: impl FnMut() -> Result<Option<T>>,
        absent: impl Fn(Error) -> Error,
    ) -> Result<T> {
        retry::create(self.retry, &*self.clock, send, settle, absent)
    }

    /// Sends a request once and decodes the JSON of its answer.
    pub(crate) fn json_once<T: DeserializeOwned>(
        &self,
        request: &Request,
        attempt: u32,
    ) -> Result<T> {
        decode::json(request, &self.attempt(request, attempt)?)
    }

    /// Opens a WebSocket at an address that the server told. None if it was interrupted before.
    pub(crate) fn web_socket(
        &self,
        url: &Url,
        action: &Operation,
        interrupter: &Interrupter,
    ) -> Result<Option<WebSocket>> {
        self.transport.web_socket(url, action, interrupter)
    }

    fn attempt(&self, request: &Request, attempt: u32) -> Result<Response> {
        // A NUL is refused before anything is sent (request).
        request.require_no_nul()?;
        // One that waits for a BMC waits its turn (bmc_queue).
        let (_turn, time_limit) = match request.action.subject {
            Subject::Bmc => self
                .bmc_queue
                .wait(request, self.time_limit, &*self.clock)?,
            _ => (None, self.time_limit),
        };
        let url = self.transport.address(request);
        self.progress.report(&ProgressEvent::RequestStarted {
            writes: request.action.effect != Effect::Read,
        });
        let start = self.clock.now();
        // Send it, and read an answer of bounded size and time (transport, stall_timeout, response), or find out why there
        // is none (transport_error).
        let answer = self.transport.exchange(url.clone(), request, time_limit);
        // Report the attempt. Paths hold ids and queries hold names: neither has a secret.
        self.progress.report(&ProgressEvent::RequestEnded {
            method: request.method.as_str(),
            path: &self.base().relative(&url),
            status: answer.as_ref().ok().map(|response| response.status),
            elapsed: self.clock.now().saturating_sub(start),
            attempt,
        });
        // Make an error of a refusal (classify), with a text that is fit for a user (server_text).
        classify::check(request, answer?, &self.token)
    }
}
