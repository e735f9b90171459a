//! How the answer to a call leaves: as it should, or as a fault has it.

use std::io;
use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use crate::api::{Call, Request};
use crate::clock::Now;
use crate::connection::After;
use crate::fault::{Action, Close, CloseWhen, Delay, DelayWhen, Drip, Fault};
use crate::http::{Connection, Transport};
use crate::journal::Ticket;
use crate::response::{Response, Wire};
use crate::server::Shared;
use crate::service::{Grant, Refusal};

/// A call that was read, and the way back to its client.
pub(crate) struct Delivery<'a, S> {
    pub(crate) shared: &'a Shared,
    pub(crate) connection: &'a mut Connection<S>,
    pub(crate) call: Call,
    pub(crate) request: &'a Request,
    pub(crate) ticket: Ticket,
    /// How often what is held was released before it arrived.
    pub(crate) releases: u64,
}

impl<S: Transport> Delivery<'_, S> {
    /// The answer as it should be.
    pub(crate) async fn genuine(mut self) -> io::Result<After> {
        let response = match self.perform() {
            Ok(grant) => grant.answer(self.call.version, &self.shared.signer).await,
            Err(response) => response,
        };
        self.send(response).await
    }

    /// What a fault makes of it.
    pub(crate) async fn spoilt(mut self, fault: &Fault) -> io::Result<After> {
        if fault.hold && !self.released().await {
            self.answered(None);
            return Ok(After::Break { rst: false });
        }
        wait(fault.delay_ms).await;
        if fault.action.shows_genuine_answer() {
            return self.genuine_but(&fault.action).await;
        }
        if fault.processes() {
            let _unseen = self.perform();
        }
        self.instead(&fault.action).await
    }

    /// Waits until what is held is released. False if the client goes before that.
    async fn released(&mut self) -> bool {
        tokio::select! {
            () = self.shared.until_released(self.releases) => true,
            () = self.connection.until_gone() => false,
        }
    }

    /// Something else in place of the answer.
    async fn instead(&mut self, action: &Action) -> io::Result<After> {
        match action {
            Action::Respond(respond) => self.send(respond.response(self.now())).await,
            Action::Redirect { status, location } => {
                self.send(Response::new(*status, "", "").with("location", location)).await
            }
            Action::Oversize { bytes, chunked } => self.send(oversize(*bytes, *chunked)).await,
            Action::Garbage { bytes } => {
                self.answered(None);
                self.connection.send(&bytes.0).await?;
                Ok(After::Close)
            }
            Action::Close(Close { rst, .. }) => {
                self.answered(None);
                Ok(After::Break { rst: *rst })
            }
            _ => {
                self.connection.until_gone().await;
                self.answered(None);
                Ok(After::Break { rst: false })
            }
        }
    }

    /// The genuine answer, but altered, late, slow or cut.
    async fn genuine_but(&mut self, action: &Action) -> io::Result<After> {
        if let Action::Delay(Delay { ms, when: DelayWhen::Before }) = action {
            wait(*ms).await;
        }
        let (version, signer) = (self.call.version, &self.shared.signer);
        let response = match (self.perform(), action) {
            (Ok(grant), Action::Rewrite(rewrite)) => {
                grant.rewritten(version, signer, rewrite, self.now()).await
            }
            (Ok(grant), _) => grant.answer(version, signer).await,
            (Err(response), _) => response,
        };
        let status = Some(response.status);
        match action {
            Action::Close(Close { when: CloseWhen::MidHeaders, rst }) => {
                self.answered(None);
                let Wire { head, .. } = self.encode(response, true, false);
                self.cut(&head[..head.len() / 2], *rst).await
            }
            Action::Close(Close { rst, .. }) => {
                self.answered(status);
                let Wire { head, body, .. } = self.encode(response, true, false);
                self.cut(&[&head, &body[..body.len() / 2]].concat(), *rst).await
            }
            Action::Truncate { bytes } => {
                self.answered(status);
                let Wire { head, body, .. } = self.encode(response, true, false);
                self.cut(&[&head, &body[..body.len().min(*bytes)]].concat(), false).await
            }
            Action::Drip(drip) => {
                self.answered(status);
                let keep_alive = self.request.head.keep_alive;
                self.drip(self.encode(response, keep_alive, false), drip).await?;
                Ok(After::keep_if(keep_alive))
            }
            Action::CloseIdle { after_ms, rst } => {
                self.answered(status);
                let Wire { head, body, .. } = self.encode(response, true, false);
                self.connection.send(&[head, body].concat()).await?;
                wait(*after_ms).await;
                Ok(if *rst { After::Break { rst: true } } else { After::Close })
            }
            Action::Delay(Delay { ms, when: DelayWhen::After }) => {
                wait(*ms).await;
                self.send(response).await
            }
            _ => self.send(response).await,
        }
    }

    /// Lets the request take effect.
    fn perform(&self) -> Result<Grant, Response> {
        self.shared.change(|service| match self.call.perform(service, self.request) {
            Ok(grant) => {
                service.journal.granted(self.ticket, grant.presented, Some(grant.issued));
                Ok(grant)
            }
            Err(Refusal { response, presented }) => {
                service.journal.granted(self.ticket, presented, None);
                Err(response)
            }
        })
    }

    fn answered(&self, status: Option<u16>) {
        self.shared.answered(self.ticket, status);
    }

    fn now(&self) -> Now {
        self.shared.service().clock.both()
    }

    fn encode(&self, mut response: Response, keep_alive: bool, to_head: bool) -> Wire {
        let now = {
            let service = self.shared.service();
            service.options().date.then(|| service.clock.both())
        };
        if let Some(now) = now {
            response.date(now);
        }
        response.encode(keep_alive, to_head)
    }

    async fn send(&mut self, response: Response) -> io::Result<After> {
        let head = &self.request.head;
        let keep_alive = head.keep_alive && response.keeps_connection();
        self.answered(Some(response.status));
        let mut wire = self.encode(response, keep_alive, head.method == "HEAD");
        for interim in wire.interim {
            self.connection.send(&interim).await?;
        }
        wire.head.append(&mut wire.body);
        self.connection.send(&wire.head).await?;
        Ok(After::keep_if(keep_alive))
    }

    async fn cut(&mut self, bytes: &[u8], rst: bool) -> io::Result<After> {
        self.connection.send(bytes).await?;
        Ok(After::Break { rst })
    }

    async fn drip(&mut self, wire: Wire, drip: &Drip) -> io::Result<()> {
        let Wire { mut head, mut body, .. } = wire;
        if drip.headers {
            head.append(&mut body);
            body = std::mem::take(&mut head);
        }
        self.connection.send(&head).await?;
        for drop in body.chunks(drip.bytes) {
            wait(drip.interval_ms).await;
            self.connection.send(drop).await?;
        }
        Ok(())
    }
}

/// A success of this size, which only its size betrays.
fn oversize(bytes: usize, chunked: bool) -> Response {
    let value = json!({
        "access_token": "oversize",
        "refresh_token": "oversize",
        "expires_in": 86_400,
        "expires": "",
        "padding": "",
    });
    let padding = "x".repeat(bytes.saturating_sub(value.to_string().len()));
    let mut response = Response::json(200, &{
        let mut value = value;
        value["padding"] = padding.into();
        value
    });
    response.chunked = chunked;
    response
}

async fn wait(ms: u64) {
    if ms > 0 {
        sleep(Duration::from_millis(ms)).await;
    }
}
