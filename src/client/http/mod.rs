//! The way of every request: send, classify, retry, decode. Each step is a file of its own.

pub(crate) mod cache;
pub(crate) mod classify;
pub(crate) mod decode;
pub(crate) mod http_date;
pub(crate) mod json_body;
pub(crate) mod operation;
pub(crate) mod redact;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod retry;
pub(crate) mod runtime;
pub(crate) mod server_text;
pub(crate) mod stall_timeout;
pub(crate) mod transport;
pub(crate) mod transport_error;
pub(crate) mod upload_body;

use std::sync::Arc;

use reqwest::Method;
use serde::de::DeserializeOwned;

use crate::client::http::cache::ResponseCache;
use crate::client::http::request::Request;
use crate::client::http::response::Response;
use crate::client::http::retry::Attempts;
use crate::client::http::transport::Transport;
use crate::client::{
    ApiError, BaseUrl, Clock, ProgressListener, Result, RetryPolicy, Settings, Token,
};

/// Everything the handles of the resources share.
pub(crate) struct Pipeline {
    wire: Arc<Transport>,
    token: Token,
    retry: RetryPolicy,
    clock: Arc<dyn Clock>,
    memory: Option<ResponseCache>,
}

impl Pipeline {
    pub(crate) fn new(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Pipeline> {
        Ok(Pipeline {
            wire: Arc::new(Transport::new(settings)?),
            token: settings.token.clone(),
            retry: settings.retry,
            clock,
            memory: None,
        })
    }

    /// The same connections, with answers that are asked for once.
    pub(crate) fn remembering(&self) -> Pipeline {
        Pipeline {
            wire: Arc::clone(&self.wire),
            token: self.token.clone(),
            retry: self.retry,
            clock: Arc::clone(&self.clock),
            memory: Some(ResponseCache::default()),
        }
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    pub(crate) fn progress(&self) -> &ProgressListener {
        self.wire.progress()
    }

    pub(crate) fn base(&self) -> &BaseUrl {
        self.wire.base()
    }

    /// Asks and decodes the answer.
    pub(crate) fn json<T: DeserializeOwned>(&self, request: &Request) -> Result<T> {
        match &self.memory {
            Some(memory) if request.method == Method::GET => {
                let reply = memory.recall(request.question(), || self.call(request))?;
                decode::json(request, &reply)
            }
            _ => decode::json(request, &self.call(request)?),
        }
    }

    /// Asks once and decodes the answer.
    pub(crate) fn json_once<T: DeserializeOwned>(&self, request: &Request) -> Result<T> {
        decode::json(request, &self.once(request)?)
    }

    /// Asks, and tries again what may be tried again: anything that never reached the server, and what has the same effect
    /// when it is done twice.
    pub(crate) fn call(&self, request: &Request) -> Result<Response> {
        let mut attempts = Attempts::new(self.retry, self.clock());
        let mut lost: Option<ApiError> = None;
        loop {
            let error = match self.once(request) {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            if lost.is_some() && request.method == Method::DELETE && error.is_not_found() {
                return Ok(Response::default());
            }
            let may_repeat = error.never_reached_the_server()
                || (request.is_idempotent() && error.leaves_the_outcome_open());
            if !may_repeat || !attempts.pause_after(&error) {
                // That the server is gone now does not tell what it did before.
                let lost = lost.filter(|lost| {
                    lost.may_have_taken_effect() && error.never_reached_the_server()
                });
                return Err(lost.unwrap_or(error));
            }
            if error.leaves_the_outcome_open() {
                lost = Some(error);
            }
        }
    }

    /// Creates something that must not be created twice. When an answer is lost, `settle` looks what became of the request,
    /// takes away what is incomplete, and returns what is there; `absent` may turn the loss of something that did not
    /// arrive into an error that ends the attempts.
    ///
    /// A request that the server may still act on is never repeated: the attempts that are left only look again.
    pub(crate) fn create<T>(
        &self,
        mut send: impl FnMut() -> Result<T>,
        mut settle: impl FnMut() -> Result<Option<T>>,
        absent: impl Fn(ApiError) -> ApiError,
    ) -> Result<T> {
        let mut attempts = Attempts::new(self.retry, self.clock());
        let mut may_be_done = false;
        let mut outcome = send();
        loop {
            let mut error = match outcome {
                Ok(created) => return Ok(created),
                Err(error) => error,
            };
            may_be_done |= error.leaves_the_outcome_open();
            // What a repeated request finds in its way, or no longer finds, may be the work of the first.
            let may_be_own = may_be_done && (error.is_conflict() || error.is_not_found());
            if error.leaves_the_outcome_open() || may_be_own {
                error = match settle() {
                    Ok(Some(found)) => return Ok(found),
                    Ok(None) => absent(error),
                    Err(_) => return Err(error.or_outcome_unknown()),
                };
            }
            let is_under_way = error.may_still_take_effect();
            let may_go_on = error.never_reached_the_server() || error.leaves_the_outcome_open();
            if !may_go_on || !attempts.pause_after(&error) {
                return Err(if is_under_way {
                    error.or_outcome_unknown()
                } else {
                    error
                });
            }
            outcome = if is_under_way { Err(error) } else { send() };
        }
    }

    fn once(&self, request: &Request) -> Result<Response> {
        classify::check(request, self.wire.exchange(request)?, &self.token)
    }
}
