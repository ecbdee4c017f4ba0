//! One request on its way through fault, answer and log.

use std::{io, sync::Arc};

use http::{HeaderMap, HeaderValue, Method, header, request};

use crate::{
    address,
    answer::Answer,
    body::{Pump, Treatment},
    clock::http_date,
    encoding::decode_path,
    fault::{Edit, Ending, Fault, Substitute},
    identity::Identity,
    log::LoggedRequest,
    operation::Asked,
    refusal::Refusal,
    reply,
    server::{Shared, Stop},
    stream::Stream,
    when::Subject,
};

/// A request, and what befalls it.
#[derive(Debug)]
pub(crate) struct Exchange {
    shared: Arc<Shared>,
    stop: Stop,
    asked: Asked,
    /// Host and path, as error documents name them.
    resource: String,
    fault: Fault,
    identity: Identity,
    log: LoggedRequest,
}

/// What becomes of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// It takes another request.
    Another,
    /// It ends when the client has what was sent.
    Close,
    /// It ends at once.
    Drop,
    /// It is reset.
    Reset,
}

impl From<Ending> for Next {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Close => Self::Drop,
            Ending::Reset => Self::Reset,
        }
    }
}

impl Exchange {
    /// Reads a head, finds the fault that is scripted for it, and logs it.
    pub(crate) fn new(
        shared: &Arc<Shared>,
        stop: &Stop,
        connection: u64,
        head: request::Parts,
    ) -> Self {
        let text = |name| {
            head.headers
                .get(name)
                .and_then(|value: &HeaderValue| value.to_str().ok())
        };
        let host = address::host(&head.uri, text(header::HOST));
        let path = head.uri.path();
        let is_bucket = |name: &str| shared.service.bucket(name).is_some();
        let target = address::target(&host, path, &shared.domains, is_bucket);
        let bucket = target.as_ref().and_then(|target| target.bucket.as_deref());
        let key = target
            .as_ref()
            .map(|target| target.key.as_str())
            .unwrap_or_default();
        let subject = Subject {
            method: &head.method,
            bucket,
            key,
            query: head.uri.query().unwrap_or_default(),
            range: text(header::RANGE),
        };
        let fault = shared.faults.take(&subject).unwrap_or_default();
        let now = shared.clock.now(fault.skew);
        let identity = shared.identities.next(now);
        let log = LoggedRequest::new(&head, &host, bucket, key, &identity.request_id, connection);
        shared.log.push(log.clone());
        Self {
            resource: format!(
                "{host}{}",
                decode_path(path).unwrap_or_else(|| path.to_owned())
            ),
            asked: Asked {
                head,
                target,
                now,
                ignore_range: fault.ignore_range,
            },
            shared: Arc::clone(shared),
            stop: stop.clone(),
            fault,
            identity,
            log,
        }
    }

    /// Answers, or does what the fault says instead.
    pub(crate) async fn run(mut self, stream: &mut Stream, may_go_on: bool) -> io::Result<Next> {
        if let Some(stall) = self.fault.before_head {
            tokio::select! {
                stalled = self.stop.stall(stall) => stalled?,
                () = stream.closed_by_client() => return Ok(Next::Drop),
            }
        }
        if let Some(bytes) = &self.fault.raw {
            reply::send_raw(stream, bytes).await?;
            return Ok(Next::Close);
        }
        if let Some(ending) = self.fault.no_head {
            return Ok(ending.into());
        }
        let answer = self.decide().await;
        for action in &self.fault.then {
            action();
        }
        self.send(answer, stream, may_go_on).await
    }

    async fn decide(&self) -> Answer {
        let method = &self.asked.head.method;
        let refused = |refusal: Refusal| refusal.answer(method, &self.resource, &self.identity);
        let mut answer = match &self.fault.substitute {
            Some(Substitute::Status(status)) if status.as_u16() < 400 => Answer::empty(*status),
            Some(Substitute::Status(status)) => refused(Refusal::of_status(*status)),
            Some(Substitute::Error(status, code)) => refused(Refusal::new(
                *status,
                code.clone(),
                "This is a scripted fault.",
            )),
            Some(Substitute::Body(status, content_type, body)) => {
                let mut answer = Answer::empty(*status);
                answer.set_body(content_type.clone(), body.clone());
                return answer;
            }
            None => {
                let service = Arc::clone(&self.shared.service);
                let asked = self.asked.clone();
                let answering = tokio::task::spawn_blocking(move || service.answer(asked));
                let answered = answering.await.unwrap_or_else(|error| {
                    tracing::error!(%error, "an answer could not be made");
                    Err(Refusal::internal_error())
                });
                answered.unwrap_or_else(refused)
            }
        };
        answer.headers.extend(self.identity.header());
        answer
    }

    async fn send(
        mut self,
        mut answer: Answer,
        stream: &mut Stream,
        may_go_on: bool,
    ) -> io::Result<Next> {
        if let Some(len) = self.fault.truncate {
            answer.body.truncate(len);
        }
        let next = match self.fault.cut_after {
            Some((_, ending)) => ending.into(),
            None if may_go_on && !self.fault.breaks_framing() => Next::Another,
            None => Next::Close,
        };
        let headers = self.headers(&answer, next);
        if self.asked.head.method == Method::HEAD {
            answer.body.truncate(0);
        }
        tracing::debug!(
            method = %self.asked.head.method,
            path = self.asked.head.uri.path(),
            status = answer.status.as_u16(),
            "request"
        );
        self.log.answered(answer.status);
        let slower = |limit: u64| self.fault.throttle.map_or(limit, |rate| rate.min(limit));
        let treatment = Treatment {
            rate: answer.traffic_limit.map(slower).or(self.fault.throttle),
            stall_after: self.fault.stall_after,
            corrupt: std::mem::take(&mut self.fault.corrupt),
        };
        let mut pump = Pump::new(answer.body, treatment, self.log, self.stop);
        if let Some((after, _)) = self.fault.cut_after {
            pump = pump.cut(after);
        }
        reply::send(stream, answer.status, &headers, pump).await?;
        Ok(next)
    }

    /// All headers of the answer, changed as the fault says.
    fn headers(&self, answer: &Answer, next: Next) -> HeaderMap {
        let mut headers = answer.headers.clone();
        headers.insert(header::SERVER, HeaderValue::from_static("tencent-cos"));
        if let Ok(date) = HeaderValue::try_from(http_date(self.asked.now)) {
            headers.insert(header::DATE, date);
        }
        // In a 304, too: RFC 9110 would have none there, and the service sends `0`.
        let length = self
            .fault
            .content_length
            .unwrap_or_else(|| answer.body.len());
        headers.insert(header::CONTENT_LENGTH, length.into());
        if next == Next::Close {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        for edit in &self.fault.edits {
            match edit {
                Edit::Set(name, value) => drop(headers.insert(name, value.clone())),
                Edit::Add(name, value) => drop(headers.append(name, value.clone())),
                Edit::Drop(name) => drop(headers.remove(name)),
            }
        }
        headers
    }
}
